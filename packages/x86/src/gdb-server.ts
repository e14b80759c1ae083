// The part of the package that needs Node: a socket for gdb.
export { serveGdb, type GdbServer } from './gdb/serve.js';
export { GdbSession, type GdbOptions } from './gdb/session.js';
export { type GdbArchitecture } from './gdb/registers.js';
