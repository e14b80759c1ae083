/** A file with measured ranges is one for everybody else, too. */
import { readFileSync } from 'node:fs';
import { toSource } from '@bzelf/bytes';
import { openKernel } from '@bzelf/loader';
import { bootQemu, judge, testImage, testWith } from '@bzelf/testkit';
import { rewriteMappings, wrap } from '@bzelf/writer';
import { measureMappings } from '../src/measure';
import { verify } from '../src/verify';

async function measuredFile(): Promise<Uint8Array> {
  const { bytes } = await wrap(readFileSync(testImage('61-64-gzip.bzImage')), {});
  const { runs } = await verify(bytes, { ram: 64 << 20, profiles: ['pvh'] });
  return rewriteMappings(bytes, measureMappings(openKernel(toSource(bytes)), runs));
}

testWith(
  ['qemu-system-x86_64', 'readelf'],
  'it boots in QEMU, and readelf has nothing to say of it',
  async () => {
    const file = await measuredFile();
    await bootQemu({ kernel: file, append: 'console=ttyS0', until: /Linux version/, timeoutMs: 60_000 });
    const readelf = judge('readelf');
    expect(readelf?.textOf(file, ['-hlnSW'])).not.toMatch(/warning|error/i);
    expect(readelf?.textOf(file, ['-nW']).match(/^ {2}bzelf/gm)?.length).toBeGreaterThan(5);
  },
  90_000,
);
