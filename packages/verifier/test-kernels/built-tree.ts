/** What a kernel's build says of itself: the unstripped vmlinux as readelf reads it, and System.map. Nothing here is read by bzelf. */
import { readFileSync } from 'node:fs';
import type { Judge } from '@bzelf/testkit';

/** Relocations that hold an address, and not a distance: their bytes. Source: psABIs of x86-64 and i386, Relocation Types. */
const WIDTHS: Readonly<Record<string, number>> = { R_X86_64_64: 8, R_X86_64_32: 4, R_X86_64_32S: 4, R_386_32: 4 };

interface Loaded {
  readonly offset: number;
  readonly vaddr: number;
  readonly paddr: number;
  readonly filesz: number;
}

interface Relocation {
  /** Low 32 bits of a virtual address. */
  readonly at: number;
  readonly width: number;
}

export interface BuiltKernel {
  readonly vmlinux: Uint8Array;
  readonly loads: readonly Loaded[];
  readonly relocations: readonly Relocation[];
}

/** How far the kernel was moved. */
export interface Moved {
  readonly physical: bigint;
  readonly virtual: bigint;
}

const low = (hexadecimal: string): number => Number(BigInt.asUintN(32, BigInt(`0x${hexadecimal}`)));

/** LOAD lines of `readelf -lW`, and what `--emit-relocs` has left of addresses in them, without those of absolute symbols. */
export function readBuilt(readelf: Judge, path: string): BuiltKernel {
  const loads = [...readelf.text(['-lW', path]).matchAll(/^ +LOAD +(\S+) 0x(\S+) (\S+) (\S+)/gm)].map(
    ([, offset, vaddr = '', paddr, filesz]) => ({
      offset: Number(offset),
      vaddr: low(vaddr),
      paddr: Number(paddr),
      filesz: Number(filesz),
    }),
  );
  const absolute = new Set(
    [...readelf.text(['-sW', path]).matchAll(/^ *\d+: (\S+) +(?:\S+ +){4}ABS (\S+)/gm)].map(
      ([, value, name]) => `${value} ${name}`,
    ),
  );
  const relocations = [...readelf.text(['-rW', path]).matchAll(/^([0-9a-f]+) +[0-9a-f]+ +(\S+) +([0-9a-f]+) +(\S+)/gm)]
    .filter(([, , , value, symbol]) => !absolute.has(`${value} ${symbol}`))
    .flatMap(([, at = '', type = '']) => {
      const width = WIDTHS[type];
      return width === undefined ? [] : [{ at: low(at), width }];
    });
  return { vmlinux: new Uint8Array(readFileSync(path)), loads, relocations };
}

/** Each segment with its place, relocated as the linker would have had it for the place to which the kernel was moved. */
export function movedSegments({ vmlinux, loads, relocations }: BuiltKernel, { physical, virtual }: Moved) {
  return loads.map(({ offset, vaddr, paddr, filesz }) => {
    const bytes = vmlinux.slice(offset, offset + filesz);
    const view = new DataView(bytes.buffer);
    let relocated = 0;
    for (const { at, width } of relocations) {
      const place = at - vaddr;
      if (place < 0 || place + width > filesz) continue;
      if (width === 8) view.setBigUint64(place, BigInt.asUintN(64, view.getBigUint64(place, true) + virtual), true);
      else view.setUint32(place, (view.getUint32(place, true) + Number(virtual)) >>> 0, true);
      relocated++;
    }
    return { at: paddr + Number(physical), bytes, relocated };
  });
}

/** What relocation has added to the first word that it changes. */
export function virtualSlide({ vmlinux, loads, relocations }: BuiltKernel, ram: Uint8Array, physical: bigint): bigint {
  const word = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
  for (const { at } of relocations) {
    const home = loads.find(({ vaddr, filesz }) => at >= vaddr && at < vaddr + filesz);
    if (home === undefined) continue;
    const inside = at - home.vaddr;
    const now = word(ram, home.paddr + Number(physical) + inside);
    return BigInt((now - word(vmlinux, home.offset + inside)) >>> 0);
  }
  return 0n;
}

/** Addresses of System.map, by name. */
export const systemMap = (path: string): ReadonlyMap<string, bigint> =>
  new Map(
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([address, , name = '']) => [name, BigInt(`0x${address}`)] as const),
  );
