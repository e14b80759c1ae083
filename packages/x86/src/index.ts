export { Decoder, type CodeSize } from './decode/decoder.js';
export {
  DECODE_INVALID,
  DECODE_TOO_LONG,
  DECODE_TRUNCATED,
  HIGH_BYTE,
  KIND,
  LANE,
  LANES,
  MAX_LENGTH,
  PREFIX,
  RIP,
  SEG,
} from './decode/lanes.js';
export { OPERATIONS, operation } from './decode/tables.js';
export { flagLetters, flagMask, undefinedByCount } from './isa/flags.js';
export { Cpu, type Semantics } from './cpu/cpu.js';
export { VECTOR } from './cpu/exception.js';
export {
  ATTRIBUTE,
  CR0,
  CR4,
  EFER,
  MSR_SLOTS,
  GENERAL_REGISTERS,
  REGISTER,
  SEGMENT,
  STATE_ROWS,
  STATE_SIZE,
  TABLE,
  WORD,
} from './cpu/state.js';
export { type CpuHooks, type CpuidResult, type InterruptLine, type Pair, type Ports } from './cpu/environment.js';
export { type FaultRecord } from './cpu/exit.js';
export { Interpreter, type Exit } from './interpreter.js';
export {
  CPU_FEATURES,
  cpuidOf,
  DEFAULT_PROFILE,
  FULL_FEATURES,
  makeProfile,
  type CpuFeature,
  type CpuProfile,
} from './system/profile.js';
export { SEMANTICS } from './instructions/index.js';
export { FlatMemory, type FlatRange } from './memory/flat.js';
export { GuestMemory, type GuestMemoryOptions, type MemorySnapshot } from './memory/guest-memory.js';
export { type PhysicalRange, type Watch } from './memory/watches.js';
export { LAYOUT, NO_TAG, RAM_MAX, TAG_COUNT } from './memory/layout.js';
export { AccessDenied, MemoryFault, PAGE_FAULT, type Memory } from './memory/memory.js';
export { type MemoryDevice } from './memory/physical.js';
export { type Access } from './memory/ranges.js';
export { TOUCH_KINDS, TouchLog, type Touch, type TouchKind, type Where } from './memory/touch-log.js';
export {
  ConsolePort,
  ExitPort,
  LocalApic,
  PicPair,
  Pit,
  PIT_HZ,
  PostPort,
  Rtc,
  StatefulDevice,
  SystemControl,
  Uart,
  type Bus,
  type Device,
  type DeviceEnd,
  type DeviceRange,
  type InterruptController,
  type RtcOptions,
  type UartOptions,
} from './devices/index.js';
export {
  Breakpoints,
  loadDisassembler,
  Machine,
  type Address,
  type DebugConsole,
  type Denied,
  type ExitReason,
  type MachineExit,
  type MachineHooks,
  type MachineOptions,
  type Place,
  type PortUse,
  type RunOptions,
  type Segment,
  type SegmentName,
  type SerialPort,
  type Snapshot,
  type SystemSegmentName,
  type TableName,
  type TableRegister,
  type TraceEntry,
  type WatchHit,
} from './machine/index.js';
export { Engine, TIERS, type Tier } from './engine.js';
