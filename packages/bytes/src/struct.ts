import { checkRange } from './source.js';

/** A little-endian field type. Little-endian is said here and nowhere else. */
export interface FieldType<V> {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly zero: () => V;
  readonly read: (view: DataView, at: number) => V;
  readonly write: (view: DataView, at: number, value: V) => void;
}

export const u8: FieldType<number> = {
  name: 'u8',
  size: 1,
  zero: () => 0,
  read: (view, at) => view.getUint8(at),
  write: (view, at, value) => view.setUint8(at, value),
};
export const u16: FieldType<number> = {
  name: 'u16',
  size: 2,
  zero: () => 0,
  read: (view, at) => view.getUint16(at, true),
  write: (view, at, value) => view.setUint16(at, value, true),
};
export const u32: FieldType<number> = {
  name: 'u32',
  size: 4,
  zero: () => 0,
  read: (view, at) => view.getUint32(at, true),
  write: (view, at, value) => view.setUint32(at, value, true),
};
export const u64: FieldType<bigint> = {
  name: 'u64',
  size: 8,
  zero: () => 0n,
  read: (view, at) => view.getBigUint64(at, true),
  write: (view, at, value) => view.setBigUint64(at, value, true),
};
/** A 32-bit wire field whose 64-bit sibling is 8 bytes wide: read as bigint so that both classes look alike. */
export const u32big: FieldType<bigint> = {
  name: 'u32',
  size: 4,
  zero: () => 0n,
  read: (view, at) => BigInt(view.getUint32(at, true)),
  write: (view, at, value) => view.setUint32(at, Number(value), true),
};
/** `count` raw bytes, copied out. */
export function raw(count: number): FieldType<Uint8Array> {
  return {
    name: `u8[${count}]`,
    size: count,
    zero: () => new Uint8Array(count),
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, count).slice(),
    write: (view, at, value) => new Uint8Array(view.buffer, view.byteOffset + at, count).set(value.subarray(0, count)),
  };
}

/** `[offset, type, name, meaning, since]`: offset as the specification prints it, `since` a version or 0. */
export type Row = readonly [
  number,
  FieldType<never> | FieldType<number> | FieldType<bigint> | FieldType<Uint8Array>,
  string,
  string,
  number?,
];

type ValueOf<T> = T extends FieldType<infer V> ? V : never;
export type Values<R extends readonly Row[]> = { -readonly [K in R[number] as K[2]]: ValueOf<K[1]> };

export interface Field {
  readonly at: number;
  readonly type: FieldType<unknown>;
  readonly name: string;
  readonly meaning: string;
  readonly since: number;
}

/** A wire struct as data. Readers, writers, documentation and tests walk the same rows. */
export interface Struct<R extends readonly Row[]> {
  readonly name: string;
  /** Bytes, from offset 0 of the table's own numbering to the end of the last row (or as declared). */
  readonly size: number;
  readonly fields: readonly Field[];
  /** All fields; `at` is where offset 0 of the table lies in `bytes`. Throws bytes/past-end. */
  read(bytes: Uint8Array, at?: number): Values<R>;
  /** Only the fields that `keep` accepts, so that a short header yields absent fields and not garbage. */
  readSome(bytes: Uint8Array, at: number, keep: (field: Field) => boolean): Partial<Values<R>>;
  /** Writes the given fields and leaves the others as they are. */
  write(bytes: Uint8Array, at: number, values: Partial<Values<R>>): void;
  /** A fresh `size` bytes with the given fields set and the rest zero. */
  encode(values: Partial<Values<R>>): Uint8Array;
  field(name: R[number][2]): Field;
}

export type StructValues<S> = S extends Struct<infer R> ? Values<R> : never;

export function struct<const R extends readonly Row[]>(name: string, rows: R, size?: number): Struct<R> {
  const fields: Field[] = rows.map(([at, type, fieldName, meaning, since]) => ({
    at,
    type: type as FieldType<unknown>,
    name: fieldName,
    meaning,
    since: since ?? 0,
  }));
  const byName = new Map(fields.map((f) => [f.name, f]));
  const end = size ?? Math.max(...fields.map((f) => f.at + f.type.size));

  const readSome = (bytes: Uint8Array, at: number, keep: (field: Field) => boolean) => {
    const view = viewOf(bytes);
    const out: Record<string, unknown> = {};
    for (const f of fields) {
      if (!keep(f)) continue;
      checkRange(bytes.length, at + f.at, f.type.size, `${name}.${f.name}`);
      out[f.name] = f.type.read(view, at + f.at);
    }
    return out as Partial<Values<R>>;
  };
  const write = (bytes: Uint8Array, at: number, values: Partial<Values<R>>) => {
    const view = viewOf(bytes);
    for (const [key, value] of Object.entries(values)) {
      const f = byName.get(key);
      if (f === undefined) throw new Error(`${name} has no field ${key}`);
      f.type.write(view, at + f.at, value);
    }
  };
  return {
    name,
    size: end,
    fields,
    read: (bytes, at = 0) => readSome(bytes, at, () => true) as unknown as Values<R>,
    readSome,
    write,
    encode(values) {
      const bytes = new Uint8Array(end);
      write(bytes, 0, values);
      return bytes;
    },
    field(fieldName) {
      const f = byName.get(fieldName);
      if (f === undefined) throw new Error(`${name} has no field ${fieldName}`);
      return f;
    },
  };
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
