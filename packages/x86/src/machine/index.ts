export { Breakpoints, type Address } from './breakpoints.js';
export { type PortUse } from './bus.js';
export { type Denied, type ExitReason, type MachineExit, type Place, type WatchHit } from './exit.js';
export { Machine } from './machine.js';
export { type MachineHooks, type MachineOptions } from './wiring.js';
export { type DebugConsole, type SerialPort } from './pc.js';
export {
  type Segment,
  type SegmentName,
  type SystemSegmentName,
  type TableName,
  type TableRegister,
} from './registers.js';
export { type RunOptions } from './run-loop.js';
export { type Snapshot } from './snapshot.js';
export { loadDisassembler, type TraceEntry } from './trace.js';
