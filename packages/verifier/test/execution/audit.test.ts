/** What a run tells of a program that does one of each. */

import { screenProgram } from '@bzelf/testkit';
import { verify } from '../../src/verify';

const LOADED = 0x100_0000n;
const at = (offset: number) => LOADED + BigInt(offset);

async function run() {
  const { runs } = await verify(screenProgram(), { ram: 64 << 20, profiles: ['linux32'] });
  const [report] = runs;
  if (report?.audit === undefined) throw new Error('nothing has run');
  return { ...report, audit: report.audit };
}

const report = run();

test('the program comes to its milestone, and the picture of the screen is in the report', async () => {
  const { reached, screen } = await report;
  expect(reached).toBe('milestone');
  expect(screen).toEqual([' iPXE █ ─!', ...Array.from({ length: 24 }, () => '')]);
});

test('privileged instructions are listed with address and disassembly', async () => {
  const { audit } = await report;
  expect(audit.privileged.map(({ rip, text, needs, times }) => [rip, text, needs, times])).toEqual([
    [at(0x00), 'cli', 'iopl', 1],
    [at(0x13), 'rdmsr', 'cpl0', 1],
    [at(0x15), 'wrmsr', 'cpl0', 1],
    [at(0x3d), 'hlt', 'cpl0', 1],
  ]);
});

test.each([
  { list: 'segmentLoads', rows: [{ rip: at(3), text: 'mov fs,eax', register: 'fs', selector: 0x18, first: 2n }] },
  { list: 'cpuid', rows: [{ rip: at(0xc), leaf: 1 }] },
  {
    list: 'msrs',
    rows: [
      { rip: at(0x13), index: 0xc0000080, name: 'IA32_EFER', access: 'read' },
      { rip: at(0x15), index: 0xc0000080, name: 'IA32_EFER', access: 'write', value: 0n },
    ],
  },
  {
    list: 'lowMemory',
    rows: [
      { rip: at(0x17), area: 'BDA', address: 0x40en, text: 'movzx eax,word [40Eh]' },
      { rip: at(0x1e), area: 'BIOS', address: 0xf0000n },
    ],
  },
  { list: 'framebuffer', rows: [{ rip: at(0x37), page: 0xb8000n, text: 'stosb' }] },
  { list: 'pageTableWrites', rows: [] },
] as const)('$list: what, where and when', async ({ list, rows }) => {
  const { audit } = await report;
  expect(audit[list]).toMatchObject(rows);
  expect(audit[list]).toHaveLength(rows.length);
});

test('touched pages are runs that ascend, and their pages are those of the phases', async () => {
  const { touches, phases } = await report;
  expect(touches.map(({ start }) => start)).toEqual(touches.map(({ start }) => start).sort((a, b) => Number(a - b)));
  for (const [kind, key] of [
    ['fetch', 'fetched'],
    ['read', 'read'],
    ['write', 'written'],
  ] as const)
    // prettier-ignore
    for (const phase of phases) {
      const own = touches.filter((run) => run.kind === kind && run.phase === phase.name);
      expect(own.reduce((sum, { pages }) => sum + pages, 0)).toBe(phase[key]);
    }
});
