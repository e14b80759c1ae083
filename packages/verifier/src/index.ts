export { VERIFIER_ERRORS } from './errors.js';
export { bytesOf, startPlan, type StartSources } from './start.js';
export { entryCandidates, findKernelEntry, isAtEntry, type KernelEntryPoint } from './kernel-entry.js';
export { CHECKS, FINDINGS } from './checks/index.js';
export { type Check, type FindingTable } from './checks/check.js';
export { SEVERITIES, type Finding, type FindingKind, type Severity } from './finding.js';
export { forecastLoaders, forecastQemu, forecastXen, type LoaderForecast } from './forecast.js';
export { verifyPayload, type PayloadOptions } from './inner-kernel.js';
export { LOADERS, TARGET_LOADERS } from './loaders/index.js';
export { type Forecast, type Loader, type Obstacle, type Outcome } from './loaders/loader.js';
export { type QemuMachine } from './loaders/qemu.js';
export { verifyStructure, type StructureOptions } from './structure.js';
export { measureMappings } from './measure.js';
export { checkVerifyOptions, verify, type VerifyOptions, type VerifyReport } from './verify.js';
export { PROFILES } from './profiles/table.js';
export { profilesFor } from './profiles/find.js';
export type { Profile } from './profiles/profile.js';
export { EXECUTION_FINDINGS } from './execution/findings.js';
export type { Slides } from './execution/image.js';
export type {
  Audit,
  CodePlace,
  CountedPlace,
  CpuidUse,
  FramebufferWrite,
  LowMemoryArea,
  LowMemoryRead,
  MsrUse,
  PageTableWrite,
  Phase,
  PhaseName,
  PortReport,
  PrivilegedUse,
  ProfileReport,
  RangeUse,
  SegmentLoad,
  SerialMark,
  TouchRun,
  Until,
} from './execution/report.js';
