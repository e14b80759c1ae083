export { mutate, makeSeed, type Seed } from './mutate.js';
export { PATHS } from './paths.js';
export { randomFrom } from './random.js';
export { fuzzOnce, type Find } from './run.js';
export { payloadOf, seedsFrom, smallVmlinux, type Files } from './seeds.js';
