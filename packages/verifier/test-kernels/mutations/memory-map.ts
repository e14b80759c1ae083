/** Memory maps of which a row has another type: in what the loader hands over, and by stubs that read or write them wrong. */
import { concat, fromHex, le, setU32 } from '@bzelf/bytes';
import {
  copyLength,
  MEMORY_ACPI,
  MEMORY_NVS,
  MEMORY_RAM,
  MEMORY_RESERVED,
  MEMORY_UNUSABLE,
  openKernel,
  type LoadPlan,
  type MemoryRange,
} from '@bzelf/loader';
import { Machine } from '@bzelf/x86';
import { Bios } from '../../src/bios';
import { checkParams } from '../../src/execution/params';
import { prepare } from '../../src/execution/prepare';
import { entryCandidates, isAtEntry } from '../../src/kernel-entry';
import { findProfile } from '../../src/profiles/find';
import { handOver } from '../../src/profiles/hand-over';
import type { Profile } from '../../src/profiles/profile';
import { startPlan } from '../../src/start';
import { baseOf, fileOf, type BaseName } from './bases';
import { RAM } from './mutation';

const MIB = 0x10_0000n;
const row = (start: bigint, length: bigint, type: number): MemoryRange => ({ start, length, type }) as MemoryRange;
const PMEM = 7;

/** Every type that boot_params know, one that they do not, and a row of nothing. */
const EVERY_TYPE: readonly MemoryRange[] = [
  row(0n, 0x9_fc00n, MEMORY_RAM),
  row(0x9_fc00n, 0x400n, MEMORY_RESERVED),
  row(0xf_0000n, 0x1_0000n, MEMORY_RESERVED),
  row(MIB, BigInt(RAM) - 8n * MIB, MEMORY_RAM),
  row(BigInt(RAM) - 7n * MIB, MIB, MEMORY_ACPI),
  row(BigInt(RAM) - 6n * MIB, MIB, MEMORY_NVS),
  row(BigInt(RAM) - 5n * MIB, MIB, MEMORY_UNUSABLE),
  row(BigInt(RAM) - 4n * MIB, MIB, PMEM),
  row(BigInt(RAM) - 2n * MIB, 0n, MEMORY_RAM),
];

/** [place in EVERY_TYPE, type instead]. */
export type Swap = readonly [place: number, type: number];

// prettier-ignore
export const SWAPS: readonly { readonly name: string; readonly swap: Swap }[] = [
  { name: 'ACPI tables that are said to be RAM',               swap: [4, MEMORY_RAM] },
  { name: 'NVS that is said to be reserved',                   swap: [5, MEMORY_RESERVED] },
  { name: 'a little reserved memory that is said to be RAM',   swap: [1, MEMORY_RAM] },
  { name: 'the ROM of the BIOS, said to be ACPI tables',       swap: [2, MEMORY_ACPI] },
  { name: 'ACPI tables that are said to be NVS',               swap: [4, MEMORY_NVS] },
  { name: 'bad memory that is said to be RAM',                 swap: [6, MEMORY_RAM] },
  { name: 'persistent memory that is said to be RAM',          swap: [7, MEMORY_RAM] },
];

/** Who hands a map over in which form, and how many of the swaps are tried: two unless told; ELFBoot records have a checksum, which is wrong then: the stub stops. */
// prettier-ignore
export const HAND_OVERS: readonly { readonly base: BaseName; readonly by: string; readonly swaps?: number; readonly found?: 'halt' }[] = [
  { base: 'bzImage',     by: 'linux64', swaps: SWAPS.length },
  { base: 'bzImage 32',  by: 'linux32' },
  { base: 'bzImage',     by: 'linux16' },
  { base: 'inplace',     by: 'linux64' },
  { base: 'container',   by: 'pvh', swaps: SWAPS.length },
  { base: 'container',   by: 'linux64' },
  { base: 'container 32', by: 'linux32' },
  { base: 'multiboot',   by: 'multiboot' },
  { base: 'multiboot2',  by: 'multiboot2' },
  { base: 'elfboot32',   by: 'filo' },
  { base: 'elfboot32',   by: 'etherboot', found: 'halt' },
  { base: 'container',   by: 'seabios-payload' },
];

interface BrokenStub {
  readonly name: string;
  readonly code: string;
  readonly instead: string;
  /** The stub itself sees that there is no RAM; else it is params/e820. */
  readonly found?: 'halt';
}

/** Instructions of packages/writer/src/stub/e820.S, and others in their place. */
// prettier-ignore
export const BROKEN_STUBS: readonly BrokenStub[] = [
  { name: 'types of which 4 and 5 are not known',     code: '83fb057704', instead: '83fb037704' },
  { name: 'unknown types that become RAM',            code: '85db7505bb02000000', instead: '85db7505bb01000000' },
  { name: 'unknown types that become ACPI tables',    code: '85db7505bb02000000', instead: '85db7505bb03000000' },
  { name: 'unknown types that stay',                  code: '83fb057704', instead: '83fb7f7704' },
  { name: 'known types that become reserved',         code: '85db7505bb02000000', instead: '85db7500bb02000000', found: 'halt' },
  { name: 'the type of the row before it',            code: '8b7e0c8b5e10', instead: '8b7e0c8b5efc', found: 'halt' },
  { name: 'rows without their high half',             code: '8b56048b4e088b7e0c', instead: '8b56088b4e088b7e0c', found: 'halt' },
  { name: 'empty rows that stay',                     code: '09fe7413', instead: '09fe7400' },
  { name: 'a row less in boot_params',                code: '888ae8010000', instead: '88aae8010000' },
  { name: 'rows of 16 bytes',                         code: '6bc9058dbad0020000', instead: '6bc9048dbad0020000' },
  { name: 'the table four bytes further',             code: '6bc9058dbad0020000', instead: '6bc9058dbad4020000' },
];

export const brokenStub =
  ({ code, instead }: BrokenStub) =>
  (bytes: Uint8Array): Uint8Array => {
    const [found, wanted] = [fromHex(code), fromHex(instead)];
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const at = text.indexOf(found);
    if (at < 0 || text.indexOf(found, at + 1) >= 0) throw new Error(`the stub does not have ${code} once`);
    bytes.set(wanted, at);
    return bytes;
  };

export interface MapRun {
  readonly base: BaseName;
  readonly by: string;
  readonly swap?: Swap;
  readonly change?: (bytes: Uint8Array) => Uint8Array;
}

/** What checkParams finds when the map is EVERY_TYPE, and the kernel gets it through this file, or another one; or why it did not come so far. */
export async function findingsOfMap({ base, by, swap, change }: MapRun): Promise<readonly string[]> {
  const good = await fileOf(baseOf(base));
  const { kernel, point } = await prepare(openKernel(change?.(good) ?? good));
  if (point === undefined) throw new Error('no kernel');
  const profile: Profile = { ...findProfile(by), memoryMap: () => EVERY_TYPE };
  const given = handOver(kernel, profile, { ram: BigInt(RAM), cmdline: 'console=ttyS0' });
  let bios: Bios | undefined;
  const machine = new Machine({
    ram: RAM,
    unmapped: 'ones',
    hooks: { interrupt: (vector) => bios?.interrupt(vector) ?? 'deliver' },
  });
  startPlan(machine, given.plan, { kernel: kernel.source });
  const swapped = swap === undefined ? 0 : swapInMemory(machine.ram, given.plan, swap);
  if (profile.firmware === 'bios') bios = new Bios(machine, swapOf(EVERY_TYPE, swap));
  else if (swap !== undefined && swapped !== 1) throw new Error(`${swapped} rows of the map in memory`);
  const how = { until: entryCandidates(point, BigInt(RAM), profile.kaslr === true), budget: 20_000_000 };
  let exit = machine.run(how);
  while (exit.reason === 'until' && !isAtEntry(machine, point)) exit = machine.run(how);
  return exit.reason === 'until' ? checkParams(machine, kernel, given).findings.map(({ code }) => code) : [exit.reason];
}

const swapOf = (map: readonly MemoryRange[], swap: Swap | undefined): readonly MemoryRange[] =>
  map.map((own, i) => (swap?.[0] === i ? { ...own, type: swap[1] } : own));

/** Every loader has address, length and type behind each other; Multiboot has no words for some types. */
function swapInMemory(ram: Uint8Array, { copies }: LoadPlan, [place, type]: Swap): number {
  const { start, length } = EVERY_TYPE[place] ?? row(0n, 0n, 0);
  const wanted = concat([le(start, 8), le(length, 8)]);
  const found = copies.flatMap((copy) => {
    if (!('bytes' in copy.from)) return [];
    const bytes = Buffer.from(ram.buffer, ram.byteOffset + Number(copy.to), copyLength(copy));
    const at = bytes.indexOf(wanted);
    return at < 0 ? [] : [Number(copy.to) + at + 16];
  });
  for (const at of found) setU32(ram, at, type);
  return found.length;
}
