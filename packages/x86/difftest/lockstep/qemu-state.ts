/** All of a processor's state as QEMU tells it, put into a machine. */
import { parseRegisters, type PausedQemu } from '@bzelf/testkit';
import { type Machine, type Segment, type SegmentName, type SystemSegmentName } from '../core';

/** QEMU has the attributes where a descriptor has them; we have the access byte, and the upper nibble of the next above it. */
const attributesOf = (word: number): number => ((word >> 8) & 0xff) | ((word >> 12) & 0xf00);

const SEGMENTS: Readonly<Record<string, SegmentName | SystemSegmentName>> = {
  ES: 'es',
  SS: 'ss',
  DS: 'ds',
  FS: 'fs',
  GS: 'gs',
  LDT: 'ldtr',
  TR: 'tr',
  CS: 'cs',
};

/** Registers in QEMU's names; the rest of the control state first, because CS is read in its light. */
const REGISTERS: readonly (readonly [theirs: string, ours: string])[] = [
  ...['EFER', 'CR4', 'CR3', 'CR0', 'CR2'].map((name) => [name, name.toLowerCase()] as const),
  ...['DR0', 'DR1', 'DR2', 'DR3', 'DR6', 'DR7', 'MXCSR'].map((name) => [name, name.toLowerCase()] as const),
  ...['RAX', 'RCX', 'RDX', 'RBX', 'RSP', 'RBP', 'RSI', 'RDI', 'RIP'].map((name) => [name, name.toLowerCase()] as const),
  ...Array.from({ length: 8 }, (_, i) => [`R${i + 8}`, `r${i + 8}`] as const),
];

/** The machine then stands where QEMU stands, but for devices and model-specific registers that QEMU does not tell. */
export async function takeState(qemu: PausedQemu, machine: Machine, ram: number): Promise<void> {
  machine.write(0, await qemu.memory(0, ram));
  const text = await qemu.monitor('info registers');
  const { values, segments, tables } = parseRegisters(text);
  for (const [theirs, ours] of REGISTERS) {
    const value = values[theirs];
    if (value !== undefined) machine.setRegister(ours, value);
  }
  for (const [theirs, ours] of Object.entries(SEGMENTS)) {
    const segment = segments[theirs];
    if (segment === undefined) throw new Error(`QEMU does not tell ${theirs}`);
    machine.setSegment(ours, { ...segment, attributes: attributesOf(segment.attributes) } satisfies Segment);
  }
  for (const [theirs, ours] of [
    ['GDT', 'gdtr'],
    ['IDT', 'idtr'],
  ] as const)
    // prettier-ignore
    machine.setTable(ours, tables[theirs] ?? { base: 0n, limit: 0 });
  machine.setRegister('rflags', values['RFL'] ?? 2n);
  for (const [, number, high = '', low = ''] of text.matchAll(/XMM(\d\d)=([0-9a-f]{16}) ([0-9a-f]{16})/g))
    machine.setRegister(`xmm${Number(number)}`, (BigInt(`0x${high}`) << 64n) | BigInt(`0x${low}`));
}
