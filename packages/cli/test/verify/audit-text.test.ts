/** The audits at a glance, and the picture of the screen; what they are made from is judged in the verifier. */
import { readFileSync } from 'node:fs';
import { screenProgram, testImage } from '@bzelf/testkit';
import { verify } from '@bzelf/verifier';
import { PLAIN } from '../../src/print/paint';
import { auditText } from '../../src/verify/audit-text';

test('a program that does one of each has a line for each, and its screen', async () => {
  const { runs } = await verify(screenProgram(), { ram: 64 << 20, profiles: ['linux32'] });
  expect(auditText(runs, PLAIN).join('')).toBe(`
asked of processor and PC before the kernel runs, by linux32:
  privileged   4 places: cli rdmsr wrmsr hlt
  segments     fs=0x18
  cpuid        0x1
  msrs         IA32_EFER
  low memory   BDA 0x40e, BIOS
  framebuffer  0xb8000

the text screen:
  |  iPXE █ ─!
`);
});

test('what nothing has asked has no line, and a run that did not begin none at all', async () => {
  const { runs } = await verify(readFileSync(testImage('61-64-gzip.bzImage')), {
    ram: 16 << 20,
    profiles: ['linux64'],
  });
  expect(runs[0]?.reached).toBe('nothing');
  expect(auditText(runs, PLAIN)).toEqual([]);
});

test('many reads of interrupt vectors are told by the first and the last', async () => {
  const [run] = (await verify(screenProgram(), { ram: 64 << 20, profiles: ['linux32'] })).runs;
  if (run?.audit === undefined) throw new Error('no audit');
  const [read] = run.audit.lowMemory;
  if (read === undefined) throw new Error('no read');
  const lowMemory = Array.from({ length: 9 }, (_, i) => ({ ...read, area: 'IVT' as const, address: BigInt(i * 4) }));
  const lines = auditText([{ ...run, audit: { ...run.audit, lowMemory: [...lowMemory, read] } }], PLAIN).join('');
  expect(lines).toContain('low memory   IVT 0x0-0x20 in 9 places, BDA 0x40e\n');
});
