import { type AccessDenied } from '../memory/memory.js';

/** One of the exceptions that led to a shutdown, in their order. */
export interface FaultRecord {
  readonly vector: number;
  readonly errorCode?: number;
}

/** Why a run came back. Unless the reason says otherwise, rIP is that of the instruction, and nothing of it has happened. */
export type Exit =
  | { readonly reason: 'budget' }
  /** `blockStart` asked for it; rIP is the first instruction of the block. */
  | { readonly reason: 'block' }
  /** HLT has retired, and no interrupt waits. Run again once there is one. */
  | { readonly reason: 'halt' }
  /** Triple fault: an exception while #DF was being delivered. */
  | { readonly reason: 'shutdown'; readonly faults: readonly FaultRecord[] }
  /** One exception after the other is delivered, and no instruction between them retires: the guest would never come out of this. */
  | { readonly reason: 'stuck' }
  /** Memory refused an access: not a page fault, but the host's word. */
  | { readonly reason: 'denied'; readonly denied: AccessDenied }
  /** Decoded, but not implemented. The form is an index of FORMS of `@bzelf/x86/isa`. */
  | { readonly reason: 'unimplemented'; readonly form: number; readonly name: string }
  /** `before` asked for it. */
  | { readonly reason: 'breakpoint' }
  /** Nobody delivers (`delivers` is false), or a hook stopped it. rIP is the next instruction's after a single-step #DB, and #BP and #OF that nobody delivers. */
  | { readonly reason: 'exception'; readonly vector: number; readonly errorCode?: number }
  /** The same for INT n. */
  | { readonly reason: 'interrupt'; readonly vector: number }
  /** A hook stopped an access to a port. */
  | { readonly reason: 'port'; readonly port: number; readonly size: number; readonly direction: 'in' | 'out' };

/** Ends the instruction in hand and the run; the instruction counts when `retires`, else rIP goes back to it. */
export class Stop {
  constructor(
    readonly exit: Exit,
    readonly retires: boolean,
  ) {}
}
export const HALTED = new Stop({ reason: 'halt' }, true);
