export { VERIFIER_ERRORS } from './errors.js';
export { bytesOf, startPlan, type StartMachine, type StartSegment, type StartSources } from './start.js';
export { CHECKS, FINDINGS } from './checks/index.js';
export { type Check, type FindingTable } from './checks/check.js';
export { SEVERITIES, type Finding, type FindingKind, type Severity } from './finding.js';
export { forecastLoaders, type LoaderForecast } from './forecast.js';
export { LOADERS, TARGET_LOADERS } from './loaders/index.js';
export { type Forecast, type Loader, type Outcome } from './loaders/loader.js';
export { verifyStructure, type StructureOptions } from './structure.js';
