export { Bios, BIOS_SERVICES, unknownCalls, type BiosCall } from './bios.js';
export { biosMemory, BIOS_PURPOSES } from './memory.js';
export { checkSetupParams } from './params.js';
