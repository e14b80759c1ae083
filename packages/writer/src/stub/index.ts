export { STUB } from './blob.js';
export {
  buildStub,
  type BuiltStub,
  type CmdlineMode,
  type MultibootCmdlineMode,
  type StubKernel,
  type StubOptions,
} from './build.js';
export { CMDLINE_MODES, MULTIBOOT_CMDLINE_MODES, STUB_FLAGS, STUB_PARAMS } from './params.js';
