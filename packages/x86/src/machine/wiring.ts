import { type Cpu } from '../cpu/cpu.js';
import { type CpuHooks } from '../cpu/environment.js';
import { WORD } from '../cpu/state.js';
import { LocalApic, type Device } from '../devices/index.js';
import { type Tier } from '../engine.js';
import { type GuestMemory } from '../memory/guest-memory.js';
import { type Touch } from '../memory/touch-log.js';
import { type CpuProfile } from '../system/profile.js';
import { linear } from './breakpoints.js';
import { type MachineBus } from './bus.js';
import { type Place, type WatchHit } from './exit.js';
import { pcDevices } from './pc.js';
import { type RunLoop } from './run-loop.js';

export interface MachineOptions {
  /** Bytes of RAM from physical address 0 on: whole pages of 4096. */
  readonly ram: number;
  /** What differs from the default CPU, a small 64-bit one of Intel's making. */
  readonly cpu?: Partial<CpuProfile>;
  /** `pc`, the default: UART, PICs, PIT, RTC, A20 and reset, debug ports, and a local APIC if the CPU has one. Or your own ones, or none. */
  readonly devices?: 'pc' | readonly Device[];
  /** What the clock says in the beginning. The same in every run unless given. */
  readonly time?: Date;
  /** Accesses outside of RAM and devices end the run (`deny`, the default), or are answered with ones as on a bus. */
  readonly unmapped?: 'deny' | 'ones';
  readonly tier?: Tier;
  /** Exceptions that are delivered without an instruction between them before a run ends as `stuck`: 4096 unless given. */
  readonly patience?: number;
  /**
   * What becomes of an instruction that the core does not have: it ends the run with reason `unimplemented` (`stop`, the default), or it is #UD for the
   * guest, and `machine.unimplemented` names it.
   */
  readonly unimplemented?: 'stop' | 'ud';
  readonly hooks?: MachineHooks;
}

/** What the owner of a machine may look at or decide. While there is a `block` hook, all code is interpreted. */
export interface MachineHooks extends CpuHooks {
  /** A block of code begins at this linear address. True ends the run with reason `until`. */
  block?(address: bigint): boolean;
  /** A page was touched in a way in which it was not before: `rip` is the linear address of the instruction. */
  touch?(touch: Touch): void;
  /** A watched range is being touched by the instruction at `rip`: the run ends behind it, or goes on. */
  watch?(hit: WatchHit & Place): 'stop' | 'pass';
}

interface Parts {
  readonly cpu: Cpu;
  readonly memory: GuestMemory;
  readonly bus: MachineBus;
  readonly loop: RunLoop;
  readonly devices: readonly Device[];
  readonly profile: CpuProfile;
}

/** Tells the parts of a machine of each other. */
export function wire({ cpu, memory, bus, loop, devices, profile }: Parts, hooks: MachineHooks): void {
  cpu.profile = profile;
  cpu.ports = bus;
  cpu.interrupts = bus;
  cpu.hooks = hooks;
  memory.touches.onTouch = hooks.touch?.bind(hooks);
  bus.onNmi = () => loop.nmi();
  bus.onA20 = (enabled) => {
    memory.a20 = enabled;
  };
  memory.watches.onHit = (_watch, physical, size, write) => {
    const hit = { physical, size, write };
    if (hooks.watch?.({ ...hit, ...placeOf(cpu, memory) }) !== 'pass') loop.watched(hit);
  };
  memory.locate = () => {
    locate(cpu, memory);
  };
  for (const device of devices) {
    if (device.memory !== undefined) mapDevice(memory, device);
    if (device instanceof LocalApic) shareTaskPriority(cpu, device);
  }
}

export function devicesOf({ devices = 'pc', ram, time }: MachineOptions, profile: CpuProfile): readonly Device[] {
  if (devices !== 'pc') return devices;
  return pcDevices({ ram, apic: profile.features.has('apic'), ...(time && { time }) });
}

function mapDevice(memory: GuestMemory, device: Device): void {
  const { start, count } = device.memory ?? { start: 0, count: 0 };
  memory.mapDevice(start, count, {
    load: (offset, size) => device.load?.(offset, size) ?? -1,
    store: (offset, size, value) => device.store?.(offset, size, value),
  });
}

function shareTaskPriority(cpu: Cpu, apic: LocalApic): void {
  cpu.onTaskPriority = (priority) => {
    apic.taskPriority = priority;
  };
  apic.onTaskPriority = (priority) => {
    cpu.words[WORD.cr + 16] = priority;
  };
}

function placeOf(cpu: Cpu, memory: GuestMemory): Place {
  locate(cpu, memory);
  const { countLo, countHi, ripLo, ripHi } = memory.where;
  return { rip: linear(ripLo, ripHi), count: linear(countLo, countHi) };
}

/** The instruction in hand, whose rIP has already moved on. */
function locate(cpu: Cpu, { where }: GuestMemory): void {
  // the iterations of a REP that are done count, but are not retired yet
  const count = (cpu.word(WORD.count) >>> 0) + cpu.iterations;
  where.countLo = count | 0;
  where.countHi = cpu.word(WORD.count + 1) + (count > 0xffffffff ? 1 : 0);
  where.ripLo = (cpu.startLo + cpu.codeBase) | 0;
  where.ripHi = cpu.startHi;
}
