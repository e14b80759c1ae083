import { type Machine } from '../machine/machine.js';

const PAGE = 4096n;

/** The pieces of a linear range that lie in one page each, with where they are in RAM; ends where nothing is mapped. */
function* pieces(
  machine: Machine,
  address: bigint,
  length: number,
): Generator<{ physical: number; at: number; count: number }> {
  for (let at = 0; at < length;) {
    const linear = BigInt.asUintN(64, address + BigInt(at));
    const count = Math.min(length - at, Number(PAGE - (linear % PAGE)));
    const physical = machine.physicalOf(linear);
    if (physical === undefined || physical + count > machine.ram.length) return;
    yield { physical, at, count };
    at += count;
  }
}

/** As many bytes as there are. Devices are not read: that would change them. */
export function readMemory(machine: Machine, address: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let end = 0;
  for (const { physical, at, count } of pieces(machine, address, length)) {
    bytes.set(machine.ram.subarray(physical, physical + count), at);
    end = at + count;
  }
  return bytes.subarray(0, end);
}

/** All or nothing. Code that was derived from these bytes is stale then. */
export function writeMemory(machine: Machine, address: bigint, bytes: Uint8Array): boolean {
  const all = [...pieces(machine, address, bytes.length)];
  if (all.reduce((sum, { count }) => sum + count, 0) !== bytes.length) return false;
  for (const { physical, at, count } of all) machine.write(physical, bytes.subarray(at, at + count));
  return true;
}
