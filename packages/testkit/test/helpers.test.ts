import { existsSync } from 'node:fs';
import { countingSource, goldenJson, judge, repositoryRoot, withTempFolder } from '@bzelf/testkit';

test('a judge runs, and says what went wrong', () => {
  const node = judge('node');
  expect(node?.text(['-p', '6 * 7'])).toBe('42\n');
  expect(() => node?.text(['-e', 'console.error("no such luck"); process.exit(3)'])).toThrow(/gave 3: no such luck/);
  expect(node?.textOf(Uint8Array.of(65, 66), ['-p', 'fs.readFileSync(process.argv[1], "latin1")'])).toBe('AB\n');
});

test('a judge that is not installed is undefined', () => {
  expect(judge('no-such-program-anywhere')).toBeUndefined();
});

test('a counting source tells what was read', () => {
  const source = countingSource(Uint8Array.of(1, 2, 3, 4));
  expect([...source.read(1, 2)]).toEqual([2, 3]);
  source.read(0, 4);
  expect(source.reads).toEqual([
    { offset: 1, length: 2 },
    { offset: 0, length: 4 },
  ]);
  expect(source.bytesRead).toBe(6);
});

test('a temporary folder is gone afterwards, also after a failure', async () => {
  let seen = '';
  const failing = withTempFolder((folder) => {
    seen = folder;
    throw new Error('on purpose');
  });
  await expect(failing).rejects.toThrow('on purpose');
  expect(seen).not.toBe('');
  expect(existsSync(seen)).toBe(false);
});

test('golden JSON spells bigints and bytes in hexadecimal', () => {
  expect(goldenJson({ at: 0x1000000n, bytes: Uint8Array.of(0xff, 1) })).toBe(
    '{\n  "at": "0x1000000",\n  "bytes": "ff01"\n}\n',
  );
});

test('the repository root is the one of this file', () => {
  expect(__filename.startsWith(repositoryRoot())).toBe(true);
});
