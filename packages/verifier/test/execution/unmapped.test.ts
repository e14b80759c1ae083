/** Which finding an access to memory becomes that the file does not declare: paging decides whether anybody would mind. */
import { openKernel, pcMemoryMap, planLoad } from '@bzelf/loader';
import { toSource } from '@bzelf/bytes';
import { unmappedFindings } from '../../src/execution/accounting';
import type { Unmapped } from '../../src/execution/accesses';
import { image } from '../checks/edit';

const RAM = 64 << 20;
const kernel = openKernel(toSource(image('61-64-gzip')));
const planBy = (protocol: 'linux32' | 'linux64') =>
  planLoad(kernel, {
    protocol,
    memoryMap: pcMemoryMap(BigInt(RAM)),
    cmdline: 'x',
    initrd: new Uint8Array(9000),
  });
const initrd = Number(planBy('linux32').copies.find(({ purpose }) => purpose === 'initrd')?.to);

// prettier-ignore
test.each([
  { what: 'a read of the initrd',            by: 'linux32', form: 'vmlinux', kind: 'read',  start: initrd,      code: 'run/early-read' },
  { what: 'a read beyond all memory',        by: 'linux32', form: 'vmlinux', kind: 'read',  start: 0xc1e5_e6e0, code: 'run/early-read' },
  { what: 'a read of the initrd',            by: 'linux32', form: 'bzimage', kind: 'read',  start: initrd,      code: 'run/unmapped' },
  { what: 'a read beyond all memory',        by: 'linux32', form: 'bzimage', kind: 'read',  start: 0xc1e5_e6e0, code: 'run/unmapped' },
  { what: 'a read of the BIOS data area',    by: 'linux32', form: 'bzimage', kind: 'read',  start: 0x40e,       code: 'run/low-memory' },
  { what: 'a read of memory without a name', by: 'linux32', form: 'vmlinux', kind: 'read',  start: RAM >> 1,    code: 'run/unmapped' },
  { what: 'a write to the initrd',           by: 'linux32', form: 'vmlinux', kind: 'write', start: initrd,      code: 'run/unmapped' },
  { what: 'a read of the initrd',            by: 'linux64', form: 'vmlinux', kind: 'read',  start: initrd,      code: 'run/unmapped' },
  { what: 'a read beyond all memory',        by: 'linux64', form: 'vmlinux', kind: 'read',  start: 0xc1e5_e6e0, code: 'run/unmapped' },
  { what: 'a read of the BIOS data area',    by: 'linux64', form: 'bzimage', kind: 'read',  start: 0x40e,       code: 'run/unmapped' },
] as const)('$what, by $by of $form: $code', ({ by, form, kind, start, code }) => {
  const access: Unmapped = { kind, start, end: start + 4, size: 4, rip: 0x10_0000n, count: 7n, text: 'mov' };
  expect(unmappedFindings([access], form, planBy(by), [], RAM).map((finding) => finding.code)).toEqual([code]);
});
