export { VERIFIER_ERRORS } from './errors.js';
export { bytesOf, startPlan, type StartMachine, type StartSegment, type StartSources } from './start.js';
export { CHECKS, FINDINGS } from './checks/index.js';
export { type Check, type FindingTable } from './checks/check.js';
export { SEVERITIES, type Finding, type FindingKind, type Severity } from './finding.js';
export { verifyStructure } from './structure.js';
