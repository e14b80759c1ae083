/** The same plan in QEMU and in the core: where both arrive at the kernel's own entry, memory and registers are compared. */
import { readFileSync } from 'node:fs';
import { phys } from '@bzelf/bytes';
import { openKernel, pcMemoryMap, planLoad, type KernelImage, type LoadPlan, type PlanProtocol } from '@bzelf/loader';
import { START_ROM, startWords, withPausedQemu, withTempFolder, type QemuRegisters } from '@bzelf/testkit';
import { bytesOf, type StartSources } from '../src/start';

export const RAM = 256 << 20;
const PAGE = 4096;
/** Without KASLR, and with a serial console. */
export const CMDLINE = 'nokaslr earlyprintk=ttyS0 console=ttyS0';
/** VGA memory and ROMs: no RAM in a PC. */
const isHole = (page: number): boolean => page >= 0xa0000 && page < 0x100000;

export interface PlannedKernel {
  readonly kernel: KernelImage;
  readonly plan: LoadPlan;
  readonly sources: StartSources;
}

/** The start ROM is mapped, because QEMU comes from there. */
export function planKernel(path: string, protocol: PlanProtocol, cmdline = CMDLINE): PlannedKernel {
  const kernel = openKernel(new Uint8Array(readFileSync(path)));
  const { start, length } = START_ROM;
  const plan = planLoad(kernel, {
    protocol,
    memoryMap: pcMemoryMap(BigInt(RAM)),
    cmdline,
    // prettier-ignore
    extraMappings: [{ start: phys(start), length, virtOffset: 0n, read: true, write: false, execute: true, purpose: 'stub', required: true, placedByLoader: true, evidence: 'declared' }],
  });
  return { kernel, plan, sources: { kernel: kernel.source } };
}

/** What QEMU had when it arrived. */
export interface Arrival {
  readonly registers: QemuRegisters;
  readonly ram: Uint8Array;
  /** Memory at the plan's entry: the ROMs of a PC, and in page tables the accessed bits of the way there. */
  readonly start: Uint8Array;
  /** Instructions since the plan's entry. */
  readonly count: bigint | undefined;
  readonly seconds: number;
}

/** Runs a plan in QEMU to an address. */
export function arriveInQemu({ plan, sources }: PlannedKernel, address: bigint): Promise<Arrival> {
  const copies = plan.copies.map((copy) => ({ to: copy.to, bytes: bytesOf(copy, sources) }));
  return withTempFolder((folder) =>
    withPausedQemu({ memory: RAM >> 20, extra: startWords({ cpu: plan.cpu, copies }, folder) }, async (qemu) => {
      await qemu.runTo(plan.entry);
      const start = await qemu.memory(0, RAM);
      const before = qemu.count();
      const started = performance.now();
      await qemu.runTo(address);
      const seconds = (performance.now() - started) / 1000;
      const after = qemu.count();
      const count = before === undefined || after === undefined ? undefined : after - before;
      return { registers: await qemu.registers(), ram: await qemu.memory(0, RAM), start, count, seconds };
    }),
  );
}

/** Gives a machine that is about to start the memory that QEMU had there; returns the pages other than ROM that were not the same. */
export function copyStart(ram: Uint8Array, { start }: Pick<Arrival, 'start'>): number[] {
  const different = pages(ram, (page) => !isSame(ram, start, page));
  for (const page of different) ram.set(start.subarray(page, page + PAGE), page);
  return different.filter((page) => !isHole(page));
}

/** Addresses of the pages that differ for no known reason. */
export const differentPages = (ours: Uint8Array, theirs: Uint8Array): number[] =>
  pages(ours, (page) => !isHole(page) && !isSame(ours, theirs, page) && !isExplained(ours, theirs, page));

const pages = (ram: Uint8Array, wanted: (page: number) => boolean): number[] =>
  Array.from({ length: ram.length / PAGE }, (_, i) => i * PAGE).filter(wanted);

const isSame = (a: Uint8Array, b: Uint8Array, page: number): boolean =>
  Buffer.compare(a.subarray(page, page + PAGE), b.subarray(page, page + PAGE)) === 0;

/**
 * Bits that QEMU 7.2 leaves out and processors set: in code segment descriptors the accessed bit after far jumps and returns (Intel SDM
 * vol. 3A, 3.4.5.1), and on the stack RF in the flags that a fault has saved (vol. 3B, 18.3.1.1).
 */
const ONLY_OURS: readonly ((ours: number, theirs: number, at: number) => boolean)[] = [
  (ours, theirs, at) => at % 8 === 5 && ours === (theirs | 1) && (theirs & 0x99) === 0x98,
  (ours, theirs, at) => at % 8 === 2 && ours === 1 && theirs === 0,
];

function isExplained(ours: Uint8Array, theirs: Uint8Array, page: number): boolean {
  for (let at = page; at < page + PAGE; at++) {
    const [own = 0, other = 0] = [ours[at], theirs[at]];
    if (own !== other && !ONLY_OURS.some((explains) => explains(own, other, at))) return false;
  }
  return true;
}
