/** The page of `verify --html` in a real browser: by day, by night, narrow and on paper, and it asks nobody for anything. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { testWith, withTempFolder, type Judge } from '@bzelf/testkit';
import { htmlReport } from '../src/html/page';
import { REPORT } from '../test/html/sample';

const QUIET = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--hide-scrollbars',
  '--virtual-time-budget=2000',
  '--enable-logging=stderr',
  '--host-resolver-rules=MAP * ~NOTFOUND',
];

/** What the browser says when it has done as `words` tell with the page. */
function browse(chromium: Judge, folder: string, page: string, words: readonly string[]): string {
  const path = join(folder, 'page.html');
  writeFileSync(path, page);
  const profile = `--user-data-dir=${join(folder, 'profile')}`;
  const { status, stderr } = chromium.run([...QUIET, profile, ...words, `file://${path}`], { cwd: folder });
  expect(status).toBe(0);
  return stderr;
}

const BYTES_OF_PIXEL: Readonly<Record<number, number>> = { 2: 3, 6: 4 };

/** Green of every pixel. Source: PNG, third edition, 9 (filters) and 11.2 (chunks). */
function greens(png: Buffer): number[] {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const [width, height, size] = [png.readUInt32BE(16), png.readUInt32BE(20), BYTES_OF_PIXEL[png.readUInt8(25)] ?? 0];
  const bytes = inflateSync(Buffer.concat(parts));
  const stride = width * size;
  let above = new Uint8Array(stride);
  const found: number[] = [];
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1);
    const row = new Uint8Array(bytes.subarray(start + 1, start + 1 + stride));
    row.forEach((value, i) => {
      const [left = 0, up = 0, corner = 0] = [row[i - size], above[i], i < size ? 0 : above[i - size]];
      row[i] = value + predicted(bytes[start] ?? 0, i < size ? 0 : left, up, corner);
    });
    for (let i = 1; i < stride; i += size) found.push(row[i] ?? 0);
    above = row;
  }
  return found;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 3) return (left + up) >> 1;
  if (filter < 4) return [0, left, up][filter] ?? 0;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(left + up - corner - value));
  if (a === undefined || b === undefined || c === undefined) return 0;
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const PAGE = htmlReport(REPORT);
const DARK = '--blink-settings=preferredColorScheme=0';

// prettier-ignore
const WINDOWS = [
  { what: 'by day',    words: [],     size: '1300,1400', isLight: true },
  { what: 'by night',  words: [DARK], size: '1300,1400', isLight: false },
  { what: 'narrow',    words: [],     size: '400,1400',  isLight: true },
];

describe.each(WINDOWS)('$what', ({ words, size, isLight }) => {
  testWith(['chromium'], 'the page is drawn, and nothing goes wrong', (chromium) =>
    withTempFolder((folder) => {
      const said = browse(chromium, folder, PAGE, [...words, `--window-size=${size}`, '--screenshot=shot.png']);
      expect(said).not.toMatch(/CONSOLE/);
      const pixels = greens(readFileSync(join(folder, 'shot.png')));
      expect(middle(pixels) > 128).toBe(isLight);
      expect(new Set(pixels).size).toBeGreaterThan(50);
    }),
  );
});

/** What a browser asks for on its own behalf. */
const OWN = /^https?:\/\/[^/]*\b(google|googleapis|gvt1|gstatic)\.com\//;

const requestsOf = (netLog: string): string[] => {
  const urls = [...netLog.matchAll(/"url":"([^"]*)"/g)].map(([, url = '']) => url);
  return [...new Set(urls)].filter((url) => /^(https?|wss?|ftp):/.test(url) && !OWN.test(url));
};

testWith(['chromium'], 'the page asks nobody for anything', (chromium) =>
  withTempFolder((folder) => {
    const requests = (page: string): string[] => {
      browse(chromium, folder, page, ['--log-net-log=net.json', '--dump-dom']);
      return requestsOf(readFileSync(join(folder, 'net.json'), 'utf8'));
    };
    expect(requests(PAGE)).toEqual([]);
    const other = PAGE.replace(/<meta http-equiv[^>]*>/, '<link rel="stylesheet" href="http://other.invalid/x.css" />');
    expect(requests(other)).toEqual(['http://other.invalid/x.css']);
  }),
);

testWith(['chromium'], 'a script that came into the page all the same would not run', (chromium) =>
  withTempFolder((folder) => {
    const other = PAGE.replace('</main>', '<script>document.title = "owned"</script></main>');
    const said = browse(chromium, folder, other, ['--dump-dom']);
    expect(said).toMatch(/CONSOLE.*Content Security Policy/);
  }),
);

const pagesOf = (pdf: Buffer): number => pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;

testWith(['chromium'], 'on paper it is all unfolded', (chromium) =>
  withTempFolder((folder) => {
    const print = (page: string): number => {
      browse(chromium, folder, page, ['--print-to-pdf=page.pdf', '--no-pdf-header-footer']);
      return pagesOf(readFileSync(join(folder, 'page.pdf')));
    };
    const folded = PAGE.replaceAll(' open=""', '');
    expect(folded).not.toBe(PAGE);
    const pages = print(PAGE);
    expect(pages).toBeGreaterThan(2);
    expect(print(folded)).toBe(pages);
  }),
);
