import type { LoadPlan } from '@bzelf/loader';
import type { Machine, MachineHooks } from '@bzelf/x86';
import { instructionAt, type Disassembler } from './accesses.js';
import { PlaceList, type Place } from './audit-places.js';
import { ebdaOf, lowMemoryReads, type EarlyRead } from './low-memory.js';
import { msrName } from './msr-names.js';
import { writtenTables } from './page-tables.js';
import type { Audit, CodePlace, Phase, ProfileReport } from './report.js';
import { framebufferWrites, textScreen } from './screen.js';
import { phaseAt } from './touch-runs.js';

const PAGE = 4096;
const TWO_32 = 2 ** 32;
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const MOST_ROWS = 1000;
/** The others answer the same whatever ecx is. Source: Intel SDM vol. 2A, CPUID, table 3-17; AMD APM vol. 3, appendix E. */
const LEAVES_WITH_PARTS = new Set([
  4, 7, 0xb, 0xd, 0xf, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1a, 0x1b, 0x1d, 0x1e, 0x1f, 0x20, 0x8000_001d, 0x8000_0020,
  0x8000_0026,
]);
/** Its reads are looked at one by one: which field of the BIOS it is counts, not the page. */
const PAGE_0 = { start: 0, length: PAGE, access: 'r' } as const;
/** Who reads there more often has its reasons, and would be slow as long. */
const MOST_EARLY_READS = 64;

type Facts<T extends keyof Audit> = Omit<Audit[T][number], keyof CodePlace | 'times'>;

/** Listens to what a kernel asks of its processor and of its PC. It changes nothing. */
export class AuditLog {
  private machine: Machine | undefined;
  private readonly privileged = new PlaceList<Facts<'privileged'>>(MOST_ROWS);
  private readonly segmentLoads = new PlaceList<Facts<'segmentLoads'>>(MOST_ROWS);
  private readonly cpuid = new PlaceList<Facts<'cpuid'>>(MOST_ROWS);
  private readonly msrs = new PlaceList<Facts<'msrs'>>(MOST_ROWS);
  private readonly earlyReads: EarlyRead[] = [];
  /** Instructions that have touched a page first: their code may be gone in the end. */
  private readonly texts = new Map<bigint, string>();
  /** The instruction of the system in hand. */
  private readonly place = { lo: 0, hi: 0 };

  constructor(private readonly text: Disassembler) {}

  readonly hooks: MachineHooks = {
    system: (needs, lo, hi) => {
      this.place.lo = lo;
      this.place.hi = hi;
      if (needs === 'nothing' || this.privileged.again(lo, hi, 0)) return;
      this.privileged.add(this.place, 0, this.look, () => ({ needs }));
    },
    segment: (segment, selector, lo, hi) => {
      const isOwn = this.place.lo === lo && this.place.hi === hi;
      const register = SEGMENTS[segment] ?? '?';
      const facts = () => ({ register, selector, ...(isOwn ? {} : { delivery: true as const }) });
      this.segmentLoads.add({ lo, hi }, segment * 0x1_0000 + selector, this.look, facts);
    },
    cpuid: (leaf, ecx) => {
      const subleaf = LEAVES_WITH_PARTS.has(leaf) ? ecx : 0;
      const facts = () => (LEAVES_WITH_PARTS.has(leaf) ? { leaf, subleaf } : { leaf });
      this.cpuid.add(this.place, leaf + subleaf * TWO_32, this.look, facts);
      return undefined;
    },
    readMsr: (index) => {
      this.msrs.add(this.place, index, this.look, () => msrFacts(index, 'read'));
      return undefined;
    },
    writeMsr: (index, lo, hi) => {
      const value = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
      this.msrs.add(this.place, index + TWO_32, this.look, () => ({ ...msrFacts(index, 'write'), value }));
      return false;
    },
    touch: ({ page, kind, rip }) => {
      if (kind === 'write' || (kind === 'read' && page < 0x100)) this.keepText(rip);
    },
    watch: ({ physical, size, rip, count }) => {
      this.keepText(rip);
      this.earlyReads.push({ physical, size, rip, count });
      if (this.earlyReads.length >= MOST_EARLY_READS) this.machine?.unwatch(PAGE_0);
      return 'pass';
    },
  };

  /** To be called when the machine has its memory, before the run. */
  watch(machine: Machine): void {
    this.machine = machine;
    machine.watch(PAGE_0);
  }

  result(machine: Machine, plan: LoadPlan, phases: readonly Phase[]): Pick<ProfileReport, 'audit' | 'screen'> {
    const { ports, touches, ram } = machine;
    const phaseOf = (count: bigint) => phaseAt(phases, count);
    const place = ({ rip, count }: { readonly rip: bigint; readonly count: bigint }): CodePlace => ({
      rip,
      text: this.texts.get(rip) ?? instructionAt(machine, this.text, rip),
      phase: phaseOf(count),
      first: count,
    });
    const lowMemory = lowMemoryReads(touches, this.earlyReads, plan, ebdaOf(ram)).slice(0, MOST_ROWS);
    const tables = writtenTables(touches).slice(0, MOST_ROWS);
    const audit: Audit = {
      ports: ports.map(({ port, device, reads, writes }) => ({ port, ...(device && { device }), reads, writes })),
      privileged: this.privileged.rows(phaseOf),
      segmentLoads: this.segmentLoads.rows(phaseOf),
      cpuid: this.cpuid.rows(phaseOf),
      msrs: this.msrs.rows(phaseOf),
      pageTableWrites: tables.map((own) => ({ page: BigInt(own.page * PAGE), walked: own.walked, ...place(own) })),
      lowMemory: lowMemory.map((own) => ({ area: own.area, address: BigInt(own.address), ...place(own) })),
      framebuffer: framebufferWrites(touches).map((own) => ({ page: BigInt(own.page * PAGE), ...place(own) })),
    };
    const screen = textScreen(ram, touches);
    return { audit, ...(screen === undefined ? {} : { screen }) };
  }

  private readonly look = ({ lo, hi }: Place) => {
    const rip = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
    const { machine } = this;
    if (machine === undefined) return { rip, text: '?', count: 0n };
    return { rip, text: instructionAt(machine, this.text, rip), count: machine.count };
  };

  private keepText(rip: bigint): void {
    const { machine, texts } = this;
    if (machine === undefined || texts.has(rip) || texts.size >= MOST_ROWS) return;
    texts.set(rip, instructionAt(machine, this.text, rip));
  }
}

function msrFacts(index: number, access: 'read' | 'write') {
  const name = msrName(index);
  return { index, ...(name === undefined ? {} : { name }), access };
}
