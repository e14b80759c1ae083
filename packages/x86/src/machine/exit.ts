import { type FaultRecord } from '../cpu/exit.js';

/** An access to memory that `map` does not allow. */
export interface Denied {
  /** Physical address of the first byte that may not be touched so, and its linear one. */
  readonly physical: number;
  readonly linear: bigint;
  /** Bytes of the whole access. */
  readonly size: number;
  /** `walk`: the processor itself, at its page tables. */
  readonly kind: 'read' | 'write' | 'fetch' | 'walk';
}

/** What a watched range has seen. The instruction that did it has been executed. */
export interface WatchHit {
  readonly physical: number;
  readonly size: number;
  readonly write: boolean;
}

/** Where a run ended: the linear address of the next instruction (or of the one that could not be executed), and how many had retired. */
export interface Place {
  readonly rip: bigint;
  readonly count: bigint;
}

type Reason =
  /** An address of `until` is next, or the function has said so. */
  | { readonly reason: 'until' }
  | { readonly reason: 'breakpoint' }
  | { readonly reason: 'watch'; readonly hit: WatchHit }
  | { readonly reason: 'budget' }
  /** The host's time is over. */
  | { readonly reason: 'deadline' }
  /** HLT, and nothing will end it by itself: interrupts are off, or no device will ask. */
  | { readonly reason: 'halt'; readonly interrupts: 'off' | 'on' }
  /** A triple fault: every exception on the way to it, #DF among them. */
  | { readonly reason: 'shutdown'; readonly faults: readonly FaultRecord[] }
  /** One exception after the other is delivered, and no instruction between them retires: it would go on for ever. */
  | { readonly reason: 'stuck' }
  | { readonly reason: 'denied'; readonly access: Denied }
  /** The core does not have this instruction. */
  | { readonly reason: 'unimplemented'; readonly name: string; readonly bytes: Uint8Array }
  /** The exit port. */
  | { readonly reason: 'exit'; readonly value: number }
  | { readonly reason: 'reset'; readonly by: string }
  /** A hook has stopped an exception, INT n, or an access to a port; nothing of it has happened. */
  | { readonly reason: 'exception'; readonly vector: number; readonly errorCode?: number }
  | { readonly reason: 'interrupt'; readonly vector: number }
  | { readonly reason: 'port'; readonly port: number; readonly size: number; readonly direction: 'in' | 'out' };

/** Why `run` came back. */
export type MachineExit = Reason & Place;
export type ExitReason = MachineExit['reason'];
export type ReasonOnly = Reason;
