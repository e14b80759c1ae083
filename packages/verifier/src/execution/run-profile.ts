import { BzelfError } from '@bzelf/bytes';
import { PT_LOAD } from '@bzelf/elf';
import { loadDisassembler, Machine, type Address, type MachineExit, type MachineHooks, type Tier } from '@bzelf/x86';
import { Bios, checkSetupParams, unknownCalls } from '../bios/index.js';
import type { Finding } from '../finding.js';
import { entryCandidates, isAtEntry } from '../kernel-entry.js';
import { handOver, type HandOver } from '../profiles/hand-over.js';
import type { Profile } from '../profiles/profile.js';
import { withXen } from '../profiles/xen-hypercalls.js';
import { Ring1Log, Ring1Monitor, TABLES_SIZE } from '../ring1/index.js';
import { BANNER } from '../run-end.js';
import { startPlan } from '../start.js';
import { loose, rangeUses, unmappedFindings, untouched } from './accounting.js';
import { bytesText, textAt, UnmappedLog, type Disassembler } from './accesses.js';
import { AuditLog } from './audit.js';
import { exitFinding, exitText } from './exits.js';
import { executionFinding } from './findings.js';
import { checkImage, type ImageVerdict } from './image.js';
import { hasMilestone } from './milestone.js';
import { checkParams, type ParamsVerdict } from './params.js';
import { phasesOf } from './phases.js';
import type { Prepared } from './prepare.js';
import type { ProfileReport, Until } from './report.js';
import { allowedRanges, disjoint, type Allowed } from './rights.js';
import { SerialLog } from './serial-marks.js';
import { phaseAt, touchRuns } from './touch-runs.js';

export interface ExecutionOptions {
  readonly until: Until;
  /** Bytes of RAM. */
  readonly ram: number;
  readonly cmdline: string;
  readonly initrd?: Uint8Array;
  /** Milliseconds of a run. */
  readonly deadline: number;
  /** Instructions of a run. */
  readonly instructions: number;
  readonly tier?: Tier;
}

/** Where setup code and a BIOS are. */
const LOW_MEMORY = { start: 0, end: 0x10_0000 } as const;
const EVERYTHING = { start: 0, length: 2 ** 52 } as const;
/** Instructions between two looks at the screen. */
const MILESTONE_SLICE = 4_000_000;
/** Programs of a BIOS write on the screen soon, and 16-bit code is slow. */
const BIOS_SLICE = 1_000_000;

/** Plays the profile's loader with the file, and lets the machine run until what was asked for. */
export async function runProfile(
  prepared: Prepared,
  profile: Profile,
  options: ExecutionOptions,
): Promise<ProfileReport> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let given: HandOver;
  try {
    given = handOver(prepared.kernel, playable(prepared, profile), { ...options, ram: BigInt(options.ram) });
  } catch (error) {
    if (!(error instanceof BzelfError)) throw error;
    return { ...notLoaded(profile, error), seconds: seconds() };
  }
  const text = await loadDisassembler().catch(() => bytesText);
  return { ...new Run(prepared, profile, options, given, text).report(), seconds: seconds() };
}

const notLoaded = ({ name, protocol }: Profile, error: BzelfError): Omit<ProfileReport, 'seconds'> => ({
  profile: name,
  protocol,
  verdict: 'fail',
  reached: 'nothing',
  ended: 'it could not be loaded',
  instructions: 0n,
  comparedBytes: 0,
  phases: [],
  ranges: [],
  touches: [],
  serial: '',
  serialMarks: [],
  findings: [
    executionFinding('run/plan', {
      field: error.field ?? error.code,
      found: `${error.message} (${error.code})${error.found === undefined ? '' : `: ${error.found}`}`,
      ...(error.expected === undefined ? {} : { expected: error.expected }),
    }),
  ],
});

/** What is no Linux reads whatever it likes: the page tables have everything. */
const playable = ({ point }: Prepared, profile: Profile): Profile =>
  point === undefined && profile.protocol === 'linux64' ? { ...profile, identity: 1n << 32n } : profile;

/** One machine, from the loader's jump to the verdict. */
class Run {
  private readonly machine: Machine;
  private readonly audit: AuditLog;
  private readonly bios: Bios | undefined;
  private readonly ring1: Ring1Log | undefined;
  private monitor: Ring1Monitor | undefined;
  private readonly unmapped: UnmappedLog;
  private readonly serial: SerialLog;
  private readonly allowed: Allowed;
  private readonly findings: Finding[] = [];
  private readonly over: number;
  private reached: ProfileReport['reached'] = 'start';
  private entered: bigint | undefined;
  private entry: bigint | undefined;
  private image: ImageVerdict | undefined;
  private params: ParamsVerdict | undefined;

  constructor(
    private readonly prepared: Prepared,
    private readonly profile: Profile,
    private readonly options: ExecutionOptions,
    private readonly given: HandOver,
    private readonly text: Disassembler,
  ) {
    const { ram, tier, initrd } = options;
    this.audit = new AuditLog(text);
    const below = profile.ring1 === true ? new Ring1Log(() => this.machine, text) : undefined;
    this.ring1 = below;
    const hooks: MachineHooks = {
      ...this.audit.hooks,
      interrupt: (vector) => this.bios?.interrupt(vector) ?? 'deliver',
    };
    const wired = profile.firmware === 'xen' ? withXen(hooks, () => this.machine, given.memoryMap) : hooks;
    this.machine = new Machine({
      ram: below === undefined ? ram : ram + TABLES_SIZE,
      hooks: below?.hooks(wired) ?? wired,
      ...(tier === undefined ? {} : { tier }),
    });
    this.bios = profile.firmware === 'bios' ? new Bios(this.machine, given.memoryMap) : undefined;
    this.unmapped = new UnmappedLog(this.machine, text);
    this.serial = new SerialLog(this.machine);
    this.allowed = allowedRanges(prepared.kernel, given.plan);
    this.audit.watch(this.machine);
    startPlan(this.machine, given.plan, {
      kernel: prepared.kernel.source,
      ...(initrd === undefined ? {} : { initrd }),
    });
    this.over = performance.now() + options.deadline;
  }

  report(): Omit<ProfileReport, 'seconds'> {
    const { machine, profile, given } = this;
    if (this.prepared.point !== undefined && profile.mapped === 'declared') this.restrict();
    if (this.ring1 !== undefined)
      this.monitor = new Ring1Monitor(machine, this.options.ram, this.allowed.ranges, this.text, this.ring1);
    const exit = this.prepared.point === undefined ? this.runToMilestone() : this.runToEntry();
    const ranges = rangeUses(this.allowed.ranges, machine.touches);
    // a kernel that was entered itself needs most of its memory later
    if (this.reached !== 'start' && this.prepared.kernel.form !== 'vmlinux')
      this.findings.push(...untouched(ranges), ...(this.wasMeasured() ? loose(ranges) : []));
    const { list } = this.unmapped;
    this.findings.push(
      ...unmappedFindings(list, this.prepared.kernel.form, given.plan, this.allowed.ranges, machine.ram.length),
      ...unknownCalls(this.bios?.calls ?? []),
    );
    const end =
      this.reached === 'entry' && this.options.until === 'banner' && this.monitor === undefined && this.hasConsole()
        ? this.runToBanner()
        : exit;
    const phases = this.phases();
    const failed = this.findings.some(({ severity }) => severity === 'error');
    return {
      profile: profile.name,
      protocol: profile.protocol,
      verdict: failed ? 'fail' : 'pass',
      reached: this.reached,
      ended: exitText(end, this.reached),
      instructions: machine.count,
      ...(this.entry === undefined ? {} : { entry: this.entry }),
      ...(this.image === undefined ? {} : { slides: this.image.slides }),
      comparedBytes: this.image?.bytes ?? 0,
      ...(this.params?.cmdline === undefined ? {} : { cmdline: this.params.cmdline }),
      evidence: profile.mapped === 'all' ? 'all' : this.allowed.evidence,
      phases,
      ranges,
      touches: touchRuns(machine.touches, phases),
      ...this.audit.result(machine, given.plan, phases),
      ...(this.bios === undefined ? {} : { bios: this.bios.calls }),
      ...(this.monitor === undefined ? {} : { ring1: this.monitor.report((count) => phaseAt(phases, count)) }),
      serial: machine.serial.output,
      serialMarks: this.serial.marks,
      findings: this.findings,
    };
  }

  /** It went all the way where it was to go, and neither it nor a loader in real mode has chosen another place. */
  private wasMeasured(): boolean {
    return this.reached === 'entry' && this.profile.mapped === 'declared' && this.given.plan.cpu.mode !== 'real16';
  }

  /** Nothing but what the file declares and the loader brings is there. */
  private restrict(): void {
    this.machine.map({ ...EVERYTHING, access: '' });
    for (const range of disjoint(this.allowed.ranges)) this.machine.map(range);
  }

  private runToEntry(): MachineExit {
    const { machine, prepared, profile } = this;
    const { point, inner } = prepared;
    if (point === undefined || inner === undefined) throw new Error('there is no kernel to enter');
    const { kernel } = prepared;
    const isDirect = kernel.form === 'vmlinux';
    if (isDirect) this.image = checkImage(machine.ram, kernel, inner, point.address);
    const until = entryCandidates(point, BigInt(this.options.ram), profile.kaslr === true && !isDirect);
    const isThere = () => isAtEntry(machine, point);
    const exit = machine.linearRip === point.address && isThere() ? arrived(machine) : this.run({ until }, isThere);
    if (exit.reason !== 'until') return this.lost(exit);
    this.entry = machine.linearRip;
    this.image ??= checkImage(machine.ram, kernel, inner, machine.linearRip);
    this.params = checkParams(machine, kernel, this.given);
    this.findings.push(...this.image.findings, ...this.params.findings);
    if (this.given.plan.cpu.mode === 'real16') this.findings.push(...checkSetupParams(machine, this.given.memoryMap));
    const last = isDirect ? this.runToOwnTables() : exit;
    if (last.reason !== 'until') return this.lost(last);
    this.reached = 'entry';
    this.entered = machine.count;
    return last;
  }

  private lost(exit: MachineExit): MachineExit {
    this.findings.push(exitFinding(exit, textAt(this.machine, this.text)));
    return exit;
  }

  /** A kernel that was entered itself is on its own when it runs at its virtual addresses, on page tables of its own. */
  private runToOwnTables(): MachineExit {
    const segment = this.prepared.inner?.elf.segments.find(({ p_type }) => p_type === PT_LOAD);
    if (segment === undefined || segment.p_vaddr === segment.p_paddr) return arrived(this.machine);
    const { p_vaddr, p_memsz } = segment;
    return this.run({ until: [{ start: p_vaddr, end: p_vaddr + p_memsz }] }, () => true);
  }

  /** Without it the kernel prints its banner where nobody looks; some loaders have no way to pass one. */
  private hasConsole(): boolean {
    const cmdline = this.params?.cmdline ?? '';
    if (/\b(?:console|earlycon|earlyprintk)=/.test(cmdline)) return true;
    if (this.profile.passesNo?.includes('cmdline') !== true)
      this.findings.push(executionFinding('banner/no-console', { found: `"${cmdline}"` }));
    return false;
  }

  /** The kernel may use all memory. */
  private runToBanner(): MachineExit {
    const { machine, given } = this;
    machine.map({ ...EVERYTHING, access: 'rwx' });
    const has = (text: string) => machine.serial.output.includes(text);
    const line = this.params?.cmdline ?? given.cmdline;
    const exit = this.run({ until: () => has(BANNER) && has(`ommand line: ${line}`) }, () => true);
    if (exit.reason === 'until') this.reached = 'banner';
    else if (has(BANNER))
      this.findings.push(executionFinding('banner/cmdline', { found: exitText(exit, 'entry'), expected: `"${line}"` }));
    else
      this.findings.push(
        executionFinding('banner/missing', { found: `${exitText(exit, 'entry')}: ${textAt(machine, this.text)}` }),
      );
    return exit;
  }

  /** What is not Linux says so on the serial port or on the screen. */
  private runToMilestone(): MachineExit {
    const { machine, options, over } = this;
    const slice = this.bios === undefined ? MILESTONE_SLICE : BIOS_SLICE;
    for (;;) {
      const left = options.instructions - Number(machine.count);
      const exit = (this.monitor ?? machine).run({ budget: Math.min(left, slice), deadline: over - performance.now() });
      if (hasMilestone(machine)) {
        this.reached = 'milestone';
        return arrived(machine);
      }
      if (exit.reason !== 'budget' || left <= slice) return this.lost(exit);
    }
  }

  private run(how: { until: readonly Address[] | (() => boolean) }, isThere: () => boolean): MachineExit {
    const { machine, options, unmapped } = this;
    for (;;) {
      const left = options.instructions - Number(machine.count);
      const exit = (this.monitor ?? machine).run({
        ...how,
        budget: Math.max(left, 0),
        deadline: Math.max(this.over - performance.now(), 0),
      });
      if (exit.reason === 'denied' && unmapped.allow(exit.access, exit.rip, exit.count)) continue;
      if (exit.reason === 'until' && !isThere()) continue;
      return exit;
    }
  }

  private phases() {
    const { kernel } = this.prepared;
    const { touches, count } = this.machine;
    const of = (wanted: string) => this.allowed.ranges.find(({ purpose }) => purpose === wanted);
    const image = kernel.form === 'vmlinux' ? undefined : of('image');
    const setup = this.given.plan.cpu.mode === 'real16' ? LOW_MEMORY : undefined;
    const before = setup === undefined ? 'stub' : 'setup';
    return phasesOf({ touches, image, stub: setup ?? of('stub'), before, entered: this.entered, end: count });
  }
}

const arrived = (machine: Machine): MachineExit => ({ reason: 'until', rip: machine.linearRip, count: machine.count });
