export { WRITER_ERRORS } from './errors.js';
export type { WrapOptions, WrapResult } from './options.js';
export { FORMS, findTarget, TARGET_NAMES, TARGETS, type Form, type LoaderTarget } from './targets/index.js';
export { MADE_BY } from './notes.js';
export { placeKernel, type KernelPlacement } from './placement.js';
export { STUB } from './stub/index.js';
export { readOrigin, unwrap } from './unwrap.js';
export { wrap } from './wrap.js';
