import { OP, TYPE } from './opcodes.js';

/** A growing run of WebAssembly bytes. Nothing but numbers on the way: a translator writes thousands of instructions a millisecond. */
export class Code {
  bytes = new Uint8Array(4096);
  length = 0;

  private grow(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  op(...opcodes: number[]): void {
    this.grow(opcodes.length);
    for (const opcode of opcodes) this.bytes[this.length++] = opcode;
  }

  byte(value: number): void {
    if (this.length >= this.bytes.length) this.grow(1);
    this.bytes[this.length++] = value;
  }

  append(other: Uint8Array): void {
    this.grow(other.length);
    this.bytes.set(other, this.length);
    this.length += other.length;
  }

  /** Unsigned LEB128 of 32 bits. */
  unsigned(value: number): void {
    this.grow(5);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** Signed LEB128 of 32 bits. */
  signed(value: number): void {
    this.grow(5);
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.bytes[this.length++] = low;
        return;
      }
      this.bytes[this.length++] = low | 0x80;
    }
  }

  i32(value: number): void {
    this.byte(OP.i32_const);
    this.signed(value);
  }

  /** A 64-bit constant from its words. */
  i64(lo: number, hi: number): void {
    this.byte(OP.i64_const);
    if (hi === lo >> 31) return this.signed(lo);
    this.grow(10);
    let low = lo;
    let high = hi;
    for (;;) {
      const seven = low & 0x7f;
      low = (low >>> 7) | (high << 25);
      high >>= 7;
      const ends = (low === 0 && high === 0 && (seven & 0x40) === 0) || (low === -1 && high === -1 && seven & 0x40);
      this.bytes[this.length++] = ends ? seven : seven | 0x80;
      if (ends) return;
    }
  }

  get(local: number): void {
    this.byte(OP.local_get);
    this.unsigned(local);
  }

  set(local: number): void {
    this.byte(OP.local_set);
    this.unsigned(local);
  }

  tee(local: number): void {
    this.byte(OP.local_tee);
    this.unsigned(local);
  }

  call(index: number): void {
    this.byte(OP.call);
    this.unsigned(index);
  }

  /** A load or store at a constant address beside the one on the stack; alignment is not promised. */
  memory(opcode: number, offset: number): void {
    this.byte(opcode);
    this.byte(0);
    this.unsigned(offset);
  }

  block(opcode: number, type: number = TYPE.none): void {
    this.byte(opcode);
    this.byte(type);
  }

  end(): void {
    this.byte(OP.end);
  }

  branch(opcode: number, depth: number): void {
    this.byte(opcode);
    this.unsigned(depth);
  }

  name(text: string): void {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  taken(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

export type FunctionType = readonly [parameters: readonly number[], results: readonly number[]];
export interface Import {
  readonly module: string;
  readonly name: string;
  /** A function's type, or what is not a function. */
  readonly what: FunctionType | 'memory' | 'table';
}
export interface FunctionBody {
  readonly type: FunctionType;
  readonly name: string;
  /** Beside the parameters, in order: `[count, type]`. */
  readonly locals: readonly (readonly [number, number])[];
  readonly code: Uint8Array;
}

/** Puts a module together; `fixedTypes` are its first types, for `call_indirect`. Source: WebAssembly Core Specification 2.0, 5.5. */
export function buildModule(
  fixedTypes: readonly FunctionType[],
  imports: readonly Import[],
  bodies: readonly FunctionBody[],
): Uint8Array<ArrayBuffer> {
  const types: FunctionType[] = [...fixedTypes];
  const typeOf = (type: FunctionType): number => {
    const found = types.findIndex((own) => String(own) === String(type));
    return found >= 0 ? found : types.push(type) - 1;
  };
  const importSection = new Code();
  importSection.unsigned(imports.length);
  for (const { module, name, what } of imports) {
    importSection.name(module);
    importSection.name(name);
    if (what === 'memory') importSection.op(2, 0, 1);
    else if (what === 'table') importSection.op(1, 0x70, 0, 1);
    else {
      importSection.byte(0);
      importSection.unsigned(typeOf(what));
    }
  }
  const functionSection = new Code();
  const exportSection = new Code();
  const codeSection = new Code();
  const imported = imports.filter(({ what }) => typeof what !== 'string').length;
  for (const section of [functionSection, exportSection, codeSection]) section.unsigned(bodies.length);
  bodies.forEach(({ type, name, locals, code }, i) => {
    functionSection.unsigned(typeOf(type));
    exportSection.name(name);
    exportSection.byte(0);
    exportSection.unsigned(imported + i);
    const head = new Code();
    head.unsigned(locals.length);
    for (const [count, local] of locals) {
      head.unsigned(count);
      head.byte(local);
    }
    codeSection.unsigned(head.length + code.length + 1);
    codeSection.append(head.taken());
    codeSection.append(code);
    codeSection.byte(OP.end);
  });
  const typeSection = new Code();
  typeSection.unsigned(types.length);
  for (const [parameters, results] of types) {
    typeSection.byte(0x60);
    for (const list of [parameters, results]) {
      typeSection.unsigned(list.length);
      typeSection.op(...list);
    }
  }
  const out = new Code();
  out.op(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const sections = [typeSection, importSection, functionSection, exportSection, codeSection];
  sections.forEach((section, i) => {
    out.byte([1, 2, 3, 7, 10][i] as number);
    out.unsigned(section.length);
    out.append(section.taken());
  });
  return out.bytes.slice(0, out.length);
}
