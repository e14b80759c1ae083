export { countingSource, type CountingSource } from './counting-source.js';
export { expectTable, writeTable } from './docs-table.js';
export { expectGolden, goldenJson } from './golden.js';
export { missingForGrub, withGrub } from './grub.js';
export { missingForIpxe, withIpxe } from './ipxe.js';
export { missingForIsolinux, withIsolinux } from './isolinux.js';
export { makeInitrd, type InitrdOptions } from './initrd.js';
export { judge, testWith, testWithKernel, type Judge, type JudgeOptions, type JudgeRun } from './judge.js';
export { missingForKexec, withKexec } from './kexec.js';
export { matrixTitle, type MatrixRow } from './matrix.js';
export { MADE_HEADER_FIELDS, makeBzImage, type BzImageOptions } from './make-bzimage.js';
export {
  FETCHED_KERNELS,
  FETCHED_TOOLS,
  SMALL_KERNELS,
  builtTree,
  kernel,
  repositoryRoot,
  testImage,
  type FetchedKernel,
  type FetchedTool,
} from './paths.js';
export { connectGdb, type GdbClient } from './gdb-client.js';
export {
  parseRegisters,
  withPausedQemu,
  type PausedQemu,
  type PausedQemuOptions,
  type QemuRegisters,
} from './paused-qemu.js';
export { parseProbeReport, type ProbeReport } from './probe.js';
export { screenProgram } from './screen-program.js';
export { bootQemu, clockArgument, describeRun, runQemu, type QemuOptions, type QemuRun } from './qemu.js';
export { startRom, startWords, START_ROM, type MachineStart } from './start-rom.js';
export { missingForReadnotes, readnotes } from './readnotes.js';
export { withTempFolder } from './temp.js';
export { missingForXen, withXen, type XenOptions } from './xen.js';
