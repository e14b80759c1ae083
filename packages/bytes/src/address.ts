declare const space: unique symbol;

/** A physical address. A virtual address cannot slip into `p_paddr`: the two do not mix without a conversion. */
export type PhysAddr = bigint & { readonly [space]: 'physical' };
/** A virtual (linear) address. */
export type VirtAddr = bigint & { readonly [space]: 'virtual' };

export const phys = (value: bigint | number): PhysAddr => BigInt(value) as PhysAddr;
export const virt = (value: bigint | number): VirtAddr => BigInt(value) as VirtAddr;

/** `address + count`, still in the same space. */
export function addBytes<A extends bigint>(address: A, count: bigint | number): A {
  return (address + BigInt(count)) as A;
}

/** The lowest multiple of `alignment` that is not below `value`; an alignment of 0 or 1 changes nothing. */
export function alignUp<V extends bigint>(value: V, alignment: bigint): V;
export function alignUp(value: number, alignment: number): number;
export function alignUp(value: bigint | number, alignment: bigint | number): bigint | number {
  if (typeof value === 'number') {
    const a = alignment as number;
    return a <= 1 ? value : Math.ceil(value / a) * a;
  }
  const a = alignment as bigint;
  return a <= 1n ? value : ((value + a - 1n) / a) * a;
}

/** The highest multiple of `alignment` that is not above `value`; an alignment of 0 or 1 changes nothing. */
export function alignDown<V extends bigint>(value: V, alignment: bigint): V;
export function alignDown(value: number, alignment: number): number;
export function alignDown(value: bigint | number, alignment: bigint | number): bigint | number {
  if (typeof value === 'number') {
    const a = alignment as number;
    return a <= 1 ? value : Math.floor(value / a) * a;
  }
  const a = alignment as bigint;
  return a <= 1n ? value : (value / a) * a;
}

export const isPowerOfTwo = (value: bigint): boolean => value > 0n && (value & (value - 1n)) === 0n;
