export { VERIFIER_ERRORS } from './errors.js';
export { bytesOf, startPlan, type StartMachine, type StartSegment, type StartSources } from './start.js';
