import { expect, test } from 'vitest';
import { formatIssue, sortIssues } from './issue.ts';
import type { Issue } from './issue.ts';
import { SourceText } from './source.ts';

function issue(source: SourceText, from: number, to: number, more: Partial<Issue> = {}): Issue {
  const fixed = { code: 'bad-value', message: 'wrong', hint: null, isWarning: false };
  return { ...fixed, source, from, to, ...more };
}

test('an offset is a line and a column', () => {
  const source = new SourceText('f', 'one\r\ntwo\n\nfour');
  const at = (offset: number) => source.locate(offset);
  expect(at(0)).toEqual({ line: 1, column: 1, lineText: 'one' });
  expect(at(5)).toEqual({ line: 2, column: 1, lineText: 'two' });
  expect(at(8)).toEqual({ line: 2, column: 4, lineText: 'two' });
  expect(at(9)).toEqual({ line: 3, column: 1, lineText: '' });
  expect(at(14)).toEqual({ line: 4, column: 5, lineText: 'four' });
  expect(at(999)).toEqual({ line: 4, column: 5, lineText: 'four' });
  expect(at(-1)).toEqual({ line: 1, column: 1, lineText: 'one' });
});

test('an issue shows its line, a caret and a hint', () => {
  const source = new SourceText('f.yaml', '\n'.repeat(9) + 'a: { b: 5m }');
  expect(formatIssue(issue(source, 17, 19, { hint: 'write 5min' }))).toBe(
    [
      'f.yaml:10:9: error[bad-value]: wrong',
      '   |',
      '10 | a: { b: 5m }',
      '   |         ^^',
      '   = write 5min',
    ].join('\n'),
  );
  expect(formatIssue(issue(source, 17, 19, { isWarning: true }))).toContain('warning[bad-value]');
});

test('without a text there is no line to show', () => {
  const whole = issue(new SourceText('my file.yaml', ''), 0, 0, { hint: 'write something' });
  expect(formatIssue(whole)).toBe('my file.yaml: error[bad-value]: wrong\n  = write something');
});

test('a long line is cut around the mistake', () => {
  const source = new SourceText('f', `${'a'.repeat(500_000)}XYZ${'b'.repeat(500_000)}`);
  const [, , shown, carets] = formatIssue(issue(source, 500_000, 500_003)).split('\n');
  expect(shown.length).toBeLessThan(120);
  expect(shown.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('XYZ');
});

test('carets stay within the shown line, and under what is wide', () => {
  const source = new SourceText('f', 'a: "\u{1f600}" x\nnext line');
  const lines = formatIssue(issue(source, 8, 20)).split('\n');
  expect(lines[3]).toBe('  |        ^');
  expect(formatIssue(issue(source, 9, 9)).split('\n')[3]).toMatch(/\^$/);
});

test('what could command a terminal is not shown', () => {
  const source = new SourceText('f\u001b[2J', 'a: \u001b]0;x\u0007\u202e\tb');
  const text = formatIssue(issue(source, 0, 9, { message: 'bad \u001b[31m', hint: '\u0000\n' }));
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(text.split('\n').length).toBe(5);
});

test('issues are sorted by file, then by place', () => {
  const [one, two] = [new SourceText('b', 'xx'), new SourceText('a', 'xx')];
  const issues = [issue(two, 0, 1), issue(one, 1, 2), issue(one, 0, 2), issue(one, 0, 1)];
  const sorted = sortIssues(issues, [one, two]);
  expect(sorted.map(({ source, from, to }) => [source.path, from, to])).toEqual([
    ['b', 0, 1],
    ['b', 0, 2],
    ['b', 1, 2],
    ['a', 0, 1],
  ]);
});
