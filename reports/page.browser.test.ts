/**
 * The page in a real browser: quiet, complete, and inside its window, light and dark, on a desk
 * and on a phone. Skipped where there is no Chromium. FEDLAB_SCREENSHOTS names a folder that
 * keeps the pictures.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outageFolder } from '../sim/testing/sample-outage.ts';
import { sampleFolder } from '../sim/testing/sample-result.ts';
import { renderPage } from './page.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const PATHS = (process.env['PATH'] ?? '').split(delimiter);
const CHROMIUM = NAMES.flatMap((name) => PATHS.map((path) => join(path, name))).find(existsSync);

const SIZES = [
  { name: 'desk', width: 1280, height: 800 },
  { name: 'phone', width: 390, height: 844 },
] as const;

/** Runs in the page, where TypeScript's own types of a browser are not at hand. */
const MEASURE = `(() => {
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  };
  const word = document.querySelector('.verdict .word');
  const box = word.getBoundingClientRect();
  const outside = [...document.querySelectorAll('svg text')].filter((text) => {
    const [inner, frame] = [text, text.ownerSVGElement].map((e) => e.getBoundingClientRect());
    return seen(text) && (inner.right > frame.right + 3 || inner.left < frame.left - 3);
  });
  return {
    width: document.documentElement.scrollWidth,
    verdict: word.textContent,
    isVerdictInView: seen(word) && box.bottom <= innerHeight,
    background: getComputedStyle(document.documentElement).backgroundColor,
    chartsSeen: [...document.querySelectorAll('svg.chart')].filter(seen).length,
    textsOutside: outside.map((text) => text.textContent),
  };
})()`;

interface Measured {
  readonly width: number;
  readonly verdict: string;
  readonly isVerdictInView: boolean;
  readonly background: string;
  readonly chartsSeen: number;
  readonly textsOutside: readonly string[];
}

describe.skipIf(CHROMIUM === undefined)('in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedlab-page-'));
  const pictures = process.env['FEDLAB_SCREENSHOTS'] ?? folder;
  const address = pathToFileURL(join(folder, 'report.html')).href;
  let browser: Browser | null = null;

  beforeAll(async () => {
    writeFileSync(join(folder, 'report.html'), renderPage(sampleFolder()));
    mkdirSync(pictures, { recursive: true });
    // As root, in a container, Chromium's own sandbox cannot start.
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  for (const { name, width, height } of SIZES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`${name}, ${colorScheme}`, async () => {
        const page = await browser?.newPage({ viewport: { width, height }, colorScheme });
        if (page === undefined) throw new Error('the browser has not started');
        const noise = listen(page);
        await page.goto(address);
        const measured = (await page.evaluate(MEASURE)) as Measured;
        await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`) });
        expect(noise).toEqual([`request ${address}`]);
        expect(measured).toEqual({
          width,
          verdict: 'Failed',
          isVerdictInView: true,
          background: colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(17, 23, 29)',
          // Nine, the recovery, two of the trust clock that ran out, and the availability.
          chartsSeen: 13,
          textsOutside: [],
        });
        await page.close();
      });
    }
  }

  for (const { name, width, height } of SIZES) {
    test(`an outage of trust, ${name}`, async () => {
      const page = await browser?.newPage({ viewport: { width, height } });
      if (page === undefined) throw new Error('the browser has not started');
      writeFileSync(join(folder, 'outage.html'), renderPage(outageFolder()));
      await page.goto(pathToFileURL(join(folder, 'outage.html')).href);
      const measured = (await page.evaluate(MEASURE)) as Measured;
      await page.screenshot({ path: join(pictures, `outage-${name}.png`) });
      expect(measured.width).toBe(width);
      expect(measured.textsOutside).toEqual([]);
      expect(measured.isVerdictInView).toBe(true);
      // Beside the nine: recovery, two of clocks, two curves, evidence, backlog, two of callers,
      // and the availability.
      expect(measured.chartsSeen).toBe(19);
      await page.close();
    });
  }

  test('names without end stay inside the window', async () => {
    const page = await browser?.newPage({ viewport: { width: 390, height: 844 } });
    if (page === undefined) throw new Error('the browser has not started');
    const { result, ...folderOfSample } = sampleFolder();
    const id = 'x'.repeat(500);
    const endless = renderPage({
      ...folderOfSample,
      result: {
        ...result,
        scenario: { ...result.scenario, title: id, question: id, path: id },
        run: { ...result.run, command: id },
        faults: result.faults.map((fault) => ({ ...fault, code: id })),
        servers: result.servers.map((server) => ({ ...server, id })),
        services: result.services.map((service) => ({ ...service, id })),
        incidents: result.incidents.map((incident) => ({ ...incident, name: id })),
        trust: [{ scope: id, clock: id, fromSeconds: 36_000, toSeconds: 36_090 }],
        memberClasses: result.memberClasses.map((row) => ({ ...row, consumer: id })),
        instances: { [id]: result.instances['EE'] },
        checks: [{ name: id, verdict: 'unknown', detail: id }],
        assumptions: [{ what: id, value: id, source: id, confidence: 'estimated' }],
      },
    });
    writeFileSync(join(folder, 'endless.html'), endless);
    await page.goto(pathToFileURL(join(folder, 'endless.html')).href);
    const measured = (await page.evaluate(MEASURE)) as Measured;
    await page.screenshot({ path: join(pictures, 'endless.png'), fullPage: true });
    expect(measured.width).toBe(390);
    expect(measured.textsOutside).toEqual([]);
    await page.close();
  });

  test('on paper', async () => {
    const page = await browser?.newPage({ colorScheme: 'dark' });
    if (page === undefined) throw new Error('the browser has not started');
    await page.goto(address);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    expect(pages).toBeGreaterThan(4);
    expect(pages).toBeLessThan(14);
    await page.close();
  });
});

/** Everything the page says to the console, or asks for. */
function listen(page: Page): string[] {
  const noise: string[] = [];
  page.on('console', (message) => noise.push(`console ${message.text()}`));
  page.on('pageerror', (error) => noise.push(`error ${error.message}`));
  page.on('request', (request) => noise.push(`request ${request.url()}`));
  return noise;
}
