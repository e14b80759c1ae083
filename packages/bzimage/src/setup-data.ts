import { concat, type PhysAddr } from '@bzelf/bytes';
import {
  E820_ENTRY,
  SETUP_DATA,
  SETUP_E820_EXT,
  SETUP_INDIRECT,
  SETUP_INDIRECT_DATA,
  SETUP_NONE,
  type E820Entry,
} from './boot-params.js';
import { fail } from './errors.js';

export interface SetupDataNode {
  readonly next: bigint;
  readonly type: number;
  readonly data: Uint8Array;
}

/** The bytes of one node. `next` is where the following node will lie, 0 for the last. */
export function setupDataNode(type: number, data: Uint8Array, next: PhysAddr | 0n = 0n): Uint8Array {
  return concat([SETUP_DATA.encode({ next, type, len: data.length }), data]);
}

/** A node whose data lies elsewhere. A pointer to no data (NONE) is not allowed. Source: boot.rst, setup_indirect. */
export function setupIndirectNode(
  type: number,
  target: { addr: PhysAddr; len: bigint },
  next: PhysAddr | 0n = 0n,
): Uint8Array {
  if (type === SETUP_NONE)
    throw fail('bzimage/bad-setup-data', { field: 'setup_indirect.type', found: type, expected: 'not NONE' });
  const indirect = SETUP_INDIRECT_DATA.encode({
    type: (SETUP_INDIRECT | type) >>> 0,
    len: target.len,
    addr: target.addr,
  });
  return setupDataNode(SETUP_INDIRECT, indirect, next);
}

/** The node for memory map rows that do not fit into boot_params. */
export function e820ExtNode(entries: readonly E820Entry[], next: PhysAddr | 0n = 0n): Uint8Array {
  return setupDataNode(SETUP_E820_EXT, concat(entries.map((entry) => E820_ENTRY.encode(entry))), next);
}

/** One node from its first byte. Throws bzimage/bad-setup-data. */
export function readSetupDataNode(bytes: Uint8Array): SetupDataNode {
  if (bytes.length < SETUP_DATA.size)
    throw fail('bzimage/bad-setup-data', {
      field: 'setup_data',
      found: bytes.length,
      expected: `${SETUP_DATA.size} bytes`,
    });
  const { next, type, len } = SETUP_DATA.read(bytes);
  if (SETUP_DATA.size + len > bytes.length)
    throw fail('bzimage/bad-setup-data', {
      field: 'setup_data.len',
      found: len,
      expected: `at most 0x${(bytes.length - SETUP_DATA.size).toString(16)}`,
    });
  return { next, type, data: new Uint8Array(bytes.subarray(SETUP_DATA.size, SETUP_DATA.size + len)) };
}
