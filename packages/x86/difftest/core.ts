/** What the harnesses use of the core. */
export * from '../src/index';
export * from '../src/isa';
export { Machine } from '../src/machine/machine';
export { type MachineExit } from '../src/machine/exit';
export { type Segment, type SegmentName, type SystemSegmentName } from '../src/machine/registers';
export { ALL_FEATURES, FULL_FEATURES, type CpuFeature, type CpuProfile } from '../src/system/profile';
