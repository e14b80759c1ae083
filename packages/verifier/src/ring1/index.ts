export { TABLES_SIZE } from './address-space.js';
export { Ring1Log, Ring1Monitor } from './monitor.js';
