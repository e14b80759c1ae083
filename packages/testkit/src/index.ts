export { countingSource, type CountingSource } from './counting-source.js';
export { expectGolden, goldenJson } from './golden.js';
export { makeInitrd, type InitrdOptions } from './initrd.js';
export { judge, testWith, testWithKernel, type Judge, type JudgeOptions, type JudgeRun } from './judge.js';
export { MADE_HEADER_FIELDS, makeBzImage, type BzImageOptions } from './make-bzimage.js';
export { FETCHED_KERNELS, SMALL_KERNELS, kernel, repositoryRoot, testImage, type FetchedKernel } from './paths.js';
export { parseProbeReport, type ProbeReport } from './probe.js';
export { bootQemu, clockArgument, describeRun, runQemu, type QemuOptions, type QemuRun } from './qemu.js';
export { withTempFolder } from './temp.js';
