import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Compares a text with `golden/<name>` beside the running test file. `UPDATE_GOLDEN=1` rewrites the file instead; a
 * person reads the difference before it is committed.
 */
export function expectGolden(name: string, text: string): void {
  const { testPath } = expect.getState();
  if (testPath === undefined) throw new Error('expectGolden wants a running test');
  const path = join(dirname(testPath), 'golden', name);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  if (!existsSync(path)) throw new Error(`there is no ${path}; UPDATE_GOLDEN=1 writes it`);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

/** JSON for a golden file: bigints and bytes as hexadecimal text. */
export function goldenJson(value: unknown): string {
  return `${JSON.stringify(value, showAsHex, 2)}\n`;
}

function showAsHex(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value;
}
