import { expect, test } from 'vitest';
import { markup } from './markup.ts';
import { fitText, fitTextEnd, textWidth } from './text-width.ts';

test('text is escaped, markup is not', () => {
  const name = `<script>alert("1")</script> & 'x'`;
  const inner = markup`<b title="${name}">${name}</b>`;
  expect(markup`<p>${inner}</p>`.text).toBe(
    '<p><b title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;">' +
      '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;</b></p>',
  );
});

test('characters that HTML forbids, or that turn the direction of writing, are replaced', () => {
  expect(markup`${'a\u0000b\u202ec\ud800d\te'}`.text).toBe('a\ufffdb\ufffdc\ufffdd\te');
});

test('numbers are coordinates of one decimal', () => {
  expect(markup`${1.04} ${-0.01} ${2} ${[3, null, 'x']}`.text).toBe('1 0 2 3x');
  expect(() => markup`${Number.NaN}`).toThrow('not a coordinate');
});

test('a text is cut to its room, and ends where it must be told apart', () => {
  const id = 'EE/GOV/70000310/ss1-production';
  expect(fitText(id, 1000, 12)).toBe(id);
  expect(fitText(id, 90, 12)).toMatch(/^EE\/GOV.*…$/);
  expect(fitTextEnd(id, 90, 12)).toMatch(/^….*production$/);
  for (const width of [0, 5, 40, 90]) {
    expect(textWidth(fitText('x'.repeat(500), width, 12), 12)).toBeLessThanOrEqual(width);
  }
  expect(fitText('👩‍👩‍👧‍👦 family', 30, 12)).not.toMatch(/\u200d…/);
});
