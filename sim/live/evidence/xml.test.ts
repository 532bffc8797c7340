import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EvidenceError } from './evidence-error.ts';
import { attributeOf, childNamed, elementsOf, parseXml, textOf } from './xml.ts';

const parse = (text: string) => parseXml(Buffer.from(text));

test('elements, namespaces, attributes, texts', () => {
  const { root } = parse(
    '<?xml version="1.0"?>\r\n<a xmlns="urn:a" xmlns:p="urn:p" x="1" p:x="2">' +
      '<p:b/>t<![CDATA[<]]>&#x41;<b xmlns="">\r\n</b></a>\n',
  );
  expect([root.local, root.namespace, attributeOf(root, 'x')]).toEqual(['a', 'urn:a', '1']);
  expect(elementsOf(root).map(({ namespace }) => namespace)).toEqual(['urn:p', '']);
  expect(root.attributes.map(({ namespace }) => namespace)).toEqual(['', 'urn:p']);
  expect(textOf(root)).toBe('t<A');
  expect(textOf(childNamed(root, '', 'b') ?? root)).toBe('\n');
});

for (const [what, text] of Object.entries({
  'a document type': '<!DOCTYPE a><a/>',
  'an entity of its own': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  'an entity that nobody declared': '<a>&b;</a>',
  'an entity in an attribute': '<a b="&c;"/>',
  'a bare ampersand': '<a>&</a>',
  'no element': ' ',
  'two roots': '<a/><b/>',
  'text beside the root': '<a/>b',
  'an element left open': '<a><b></a>',
  'a tag left open': '<a',
  'an attribute twice': '<a b="1" b="2"/>',
  'an attribute twice by its namespace': '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>',
  'an attribute without quotes': '<a b=1/>',
  'attributes without a space': '<a b="1"c="2"/>',
  'a prefix without a namespace': '<p:a/>',
  'a prefix taken back': '<a xmlns:p="u"><b xmlns:p=""/></a>',
  'the prefix xml bound anew': '<a xmlns:xml="u"/>',
  'two colons': '<a:b:c xmlns:a="u"/>',
  'a comment that does not end': '<a><!-- </a>',
  'dashes in a comment': '<a><!-- -- --></a>',
  'a wrong end of a text': '<a>]]></a>',
  'a control character': '<a>\u0001</a>',
  'a reference to one': '<a>&#1;</a>',
  'a reference beyond Unicode': '<a>&#x110000;</a>',
  'half a pair': '<a>&#xD800;</a>',
  'another encoding': '<?xml version="1.0" encoding="utf-16"?><a/>',
  'a declaration too late': ' <?xml version="1.0"?><a/>',
})) {
  test(`${what} is refused`, () => {
    expect(() => parse(text)).toThrow(EvidenceError);
  });
}

test('the place of a mistake is told', () => {
  expect(() => parse('<a>\n  <b></c>\n</a>')).toThrow(/line 2, column 6/);
  expect(() => parseXml(Buffer.from([0x3c, 0x61, 0xff]))).toThrow(/UTF-8/);
});

test('depth and size are limited', () => {
  const nest = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  expect(parse(nest(100)).root.local).toBe('a');
  expect(() => parse(nest(100_000))).toThrow(/nested deeper/);
  expect(() => parse(`<a>${'<b/>'.repeat(400_000)}</a>`)).toThrow(/more than/);
});

test('any text at all is parsed, or refused in the one way', () => {
  const piece = fc.constantFrom('<', '>', '/', '!', '[', ']', '-', '?', '&', ';', '#', '"', "'");
  const word = fc.constantFrom('a', ' ', '=', ':', 'xmlns', 'x', '1', '<a>', '</a>', '<!--', '-->');
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, word), { maxLength: 40 }), (pieces) => {
      try {
        parse(pieces.join(''));
      } catch (error) {
        if (!(error instanceof EvidenceError)) throw error;
      }
    }),
    { numRuns: 2000, seed: 4 },
  );
});
