import { Code } from './code.js';
import { OP } from './opcodes.js';

export type FunctionType = readonly [parameters: readonly number[], results: readonly number[]];
export interface Import {
  readonly module: string;
  readonly name: string;
  /** A function's type, or what is not a function. */
  readonly what: FunctionType | 'memory' | 'table';
}
export interface FunctionHead {
  readonly type: FunctionType;
  /** Those with a name are exported. */
  readonly name?: string;
}
export interface FunctionCode {
  /** Beside the parameters, in order: `[count, type]`. */
  readonly locals: readonly (readonly [number, number])[];
  readonly code: Uint8Array;
}
export type FunctionBody = FunctionHead & FunctionCode;

/** `\\0asm`, version 1. */
const MAGIC = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const SECTION = { type: 1, import: 2, function: 3, table: 4, export: 7, element: 9, code: 10 } as const;

/** Modules that have all but their code in common. Source: WebAssembly Core Specification 2.0, 5.5. */
export class ModuleShape {
  /** All sections in front of the code. */
  private readonly head: Uint8Array;

  /** `fixedTypes` are the first types, for `call_indirect`; a table of its own, behind one that is imported, has these functions, by their index. */
  constructor(
    fixedTypes: readonly FunctionType[],
    imports: readonly Import[],
    functions: readonly FunctionHead[],
    table: readonly number[] = [],
  ) {
    const types: FunctionType[] = [...fixedTypes];
    const typeOf = (type: FunctionType): number => {
      const found = types.findIndex((own) => String(own) === String(type));
      return found >= 0 ? found : types.push(type) - 1;
    };
    const imported = importSection(imports, typeOf);
    const listed = functionSection(functions, typeOf);
    const exported = exportSection(functions, imports.filter(({ what }) => typeof what !== 'string').length);
    const out = new Code();
    out.append(MAGIC);
    append(out, SECTION.type, typeSection(types));
    append(out, SECTION.import, imported);
    append(out, SECTION.function, listed);
    if (table.length > 0) append(out, SECTION.table, tableSection(table.length));
    append(out, SECTION.export, exported);
    if (table.length > 0)
      append(out, SECTION.element, elementSection(table, imports.filter(({ what }) => what === 'table').length));
    this.head = out.taken().slice();
  }

  /** A module with this code, function by function. */
  build(bodies: readonly FunctionCode[]): Uint8Array<ArrayBuffer> {
    const section = new Code(new Uint8Array(bodies.reduce((sum, { code }) => sum + code.length + 64, 16)));
    section.unsigned(bodies.length);
    for (const { locals, code } of bodies) {
      const declared = new Code(new Uint8Array(64));
      declared.unsigned(locals.length);
      for (const [count, type] of locals) {
        declared.unsigned(count);
        declared.byte(type);
      }
      section.unsigned(declared.length + code.length + 1);
      section.append(declared.taken());
      section.append(code);
      section.byte(OP.end);
    }
    const out = new Code(new Uint8Array(this.head.length + section.length + 16));
    out.append(this.head);
    append(out, SECTION.code, section);
    return out.bytes.slice(0, out.length);
  }
}

/** One module, of a shape that no other has. */
export const buildModule = (
  fixedTypes: readonly FunctionType[],
  imports: readonly Import[],
  bodies: readonly FunctionBody[],
  table?: readonly number[],
): Uint8Array<ArrayBuffer> => new ModuleShape(fixedTypes, imports, bodies, table).build(bodies);

function append(out: Code, id: number, section: Code): void {
  out.byte(id);
  out.unsigned(section.length);
  out.append(section.taken());
}

function importSection(imports: readonly Import[], typeOf: (type: FunctionType) => number): Code {
  const section = new Code();
  section.unsigned(imports.length);
  for (const { module, name, what } of imports) {
    section.name(module);
    section.name(name);
    if (what === 'memory') section.append(Uint8Array.of(2, 0, 1));
    else if (what === 'table') section.append(Uint8Array.of(1, 0x70, 0, 1));
    else {
      section.byte(0);
      section.unsigned(typeOf(what));
    }
  }
  return section;
}

function functionSection(functions: readonly FunctionHead[], typeOf: (type: FunctionType) => number): Code {
  const section = new Code();
  section.unsigned(functions.length);
  for (const { type } of functions) section.unsigned(typeOf(type));
  return section;
}

/** `first`: index of the first function. */
function exportSection(functions: readonly FunctionHead[], first: number): Code {
  const section = new Code();
  section.unsigned(functions.filter(({ name }) => name !== undefined).length);
  functions.forEach(({ name }, i) => {
    if (name === undefined) return;
    section.name(name);
    section.byte(0);
    section.unsigned(first + i);
  });
  return section;
}

function tableSection(size: number): Code {
  const section = new Code();
  section.append(Uint8Array.of(1, 0x70, 0));
  section.unsigned(size);
  return section;
}

/** `table`: its index. */
function elementSection(functions: readonly number[], table: number): Code {
  const section = new Code();
  const [explicit, functionReferences] = [2, 0];
  section.append(Uint8Array.of(1, explicit, table, OP.i32_const, 0, OP.end, functionReferences));
  section.unsigned(functions.length);
  for (const index of functions) section.unsigned(index);
  return section;
}

function typeSection(types: readonly FunctionType[]): Code {
  const section = new Code();
  section.unsigned(types.length);
  for (const [parameters, results] of types) {
    section.byte(0x60);
    for (const list of [parameters, results]) {
      section.unsigned(list.length);
      section.append(Uint8Array.from(list));
    }
  }
  return section;
}
