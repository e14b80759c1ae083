import { alignUp, asciz, concat, le, phys, type PhysAddr } from '@bzelf/bytes';
import { EBN_ETHERBOOT, EBN_GENERIC, encodeElfBootBlock } from '@bzelf/elf';
import { copyLength, type Copy, type LoadPlan, type MemoryRange } from '@bzelf/loader';

/** What a loader of ELF files without a protocol of their own gives the program, and where. */
export interface ElfHandOver {
  /** Records: FILO's, kexec's (`--args-elf`), or Etherboot's, which have a memory map; or the address of the coreboot table. */
  readonly gives: 'filo' | 'kexec' | 'etherboot' | 'coreboot-table' | 'nothing';
  /** The first argument of a C call is at 4(%esp). */
  readonly by: readonly ('stack' | 'rax-rbx' | 'rbx' | 'rdi')[];
}

const ETHERBOOT = 'Etherboot';
const KIB = 1024n;
const PAGE = 0x1000n;
const LOW_END = 0xa_0000n;
const MIB = 0x10_0000n;

interface Told {
  readonly cmdline: string;
  readonly memoryMap: readonly MemoryRange[];
}

/** The block of records, or undefined where there is none. */
export function recordsOf({ gives }: ElfHandOver, { cmdline, memoryMap }: Told): Uint8Array | undefined {
  const text = (type: number, value: string) => ({ owner: '', type, desc: asciz(value) });
  const names = (loader: string, version: string) => [
    text(EBN_GENERIC.EBN_BOOTLOADER_NAME, loader),
    text(EBN_GENERIC.EBN_BOOTLOADER_VERSION, version),
  ];
  switch (gives) {
    case 'filo':
      return encodeElfBootBlock([
        text(EBN_GENERIC.EBN_FIRMWARE_TYPE, 'coreboot'),
        ...names('FILO', '0.6.0'),
        text(EBN_GENERIC.EBN_COMMAND_LINE, cmdline),
      ]);
    case 'kexec':
      return encodeElfBootBlock([...names('kexec', '2.0.25'), text(EBN_GENERIC.EBN_COMMAND_LINE, cmdline)]);
    case 'etherboot':
      return encodeElfBootBlock([
        { owner: ETHERBOOT, type: EBN_ETHERBOOT.EB_I386_MEMMAP, desc: meminfo(memoryMap) },
        text(EBN_GENERIC.EBN_FIRMWARE_TYPE, 'LinuxBIOS'),
        ...names('Etherboot', '5.4.4'),
        text(EBN_GENERIC.EBN_COMMAND_LINE, ''),
      ]);
    default:
      return undefined;
  }
}

/** struct meminfo. Source: Etherboot src/include/etherboot.h. */
function meminfo(map: readonly MemoryRange[]): Uint8Array {
  const kib = (from: bigint): bigint => {
    const row = map.find(({ start, length, type }) => type === 1 && start <= from && from < start + length);
    return row === undefined ? 0n : (row.start + row.length - from) / KIB;
  };
  const rows = map.map(({ start, length, type }) => concat([le(start, 8), le(length, 8), le(type, 4)]));
  return concat([le(kib(0n), 2), le(0, 2), le(kib(MIB), 4), le(rows.length, 4), ...rows]);
}

/** The first page behind everything that the plan has in low memory: the block is longer than the plan's, and the GDT lies right behind that. */
function freePage({ copies }: LoadPlan): PhysAddr {
  const low = copies.filter(({ to }) => to < LOW_END).map((copy) => copy.to + BigInt(copyLength(copy)));
  return phys(
    alignUp(
      low.reduce((last, end) => (end > last ? end : last), 0n),
      PAGE,
    ),
  );
}

/** The plan of a protocol with this hand-over in place of its own. */
export function withElfHandOver(plan: LoadPlan, how: ElfHandOver, told: Told, table: PhysAddr): LoadPlan {
  const { parameterBlock } = plan;
  if (parameterBlock === undefined) throw new Error(`${plan.protocol} has no parameter block`);
  const bytes = recordsOf(how, told);
  const at = freePage(plan);
  const given = bytes === undefined ? (how.gives === 'coreboot-table' ? table : phys(0)) : at;
  const has = (way: ElfHandOver['by'][number]) => how.by.includes(way);
  const records: Copy[] = bytes === undefined ? [] : [{ to: at, from: { bytes }, purpose: 'elfboot' }];
  const copies = plan.copies.filter((copy) => copy.to !== parameterBlock.address && copy.purpose !== 'cmdline');
  const onStack = { bytes: concat([le(0, 4), le(has('stack') ? given : 0, 4)]) };
  const { protocol, entry, zeros, reserve, pageTables, mappings, warnings } = plan;
  return {
    ...{ protocol, entry, zeros, reserve, warnings },
    ...(pageTables === undefined ? {} : { pageTables }),
    ...(mappings === undefined ? {} : { mappings }),
    ...(bytes === undefined ? {} : { parameterBlock: { kind: 'elfboot', address: at, bytes } }),
    copies: [...copies.map((copy) => (copy.purpose === 'stack' ? { ...copy, from: onStack } : copy)), ...records],
    cpu: {
      ...plan.cpu,
      registers: {
        ...plan.cpu.registers,
        rax: has('rax-rbx') ? plan.cpu.registers.rax : 0n,
        rbx: has('rax-rbx') || has('rbx') ? given : 0n,
        rsi: 0n,
        rdi: has('rdi') ? given : 0n,
      },
    },
  };
}
