export { countingSource, type CountingSource } from './counting-source.js';
export { expectGolden, goldenJson } from './golden.js';
export { missingForGrub, withGrub } from './grub.js';
export { makeInitrd, type InitrdOptions } from './initrd.js';
export { judge, testWith, testWithKernel, type Judge, type JudgeOptions, type JudgeRun } from './judge.js';
export { MADE_HEADER_FIELDS, makeBzImage, type BzImageOptions } from './make-bzimage.js';
export { FETCHED_KERNELS, SMALL_KERNELS, kernel, repositoryRoot, testImage, type FetchedKernel } from './paths.js';
export { connectGdb, type GdbClient } from './gdb-client.js';
export {
  parseRegisters,
  withPausedQemu,
  type PausedQemu,
  type PausedQemuOptions,
  type QemuRegisters,
} from './paused-qemu.js';
export { parseProbeReport, type ProbeReport } from './probe.js';
export { bootQemu, clockArgument, describeRun, runQemu, type QemuOptions, type QemuRun } from './qemu.js';
export { startRom, startWords, START_ROM, type MachineStart } from './start-rom.js';
export { withTempFolder } from './temp.js';
