import { Code } from '../src/translate/code';
import { buildModule, type FunctionBody, type FunctionType } from '../src/translate/module';
import { OP, TYPE } from '../src/translate/opcodes';

/** The rule of the specification, 5.2.2: seven bits a byte, lowest first; for a signed one bit 6 of the last byte is the sign. */
function decode(bytes: Uint8Array, signed: boolean): bigint {
  const value = bytes.reduce((sum, byte, i) => sum + (BigInt(byte & 0x7f) << BigInt(7 * i)), 0n);
  const ends = [...bytes].map((byte) => byte < 0x80);
  expect(ends.indexOf(true)).toBe(bytes.length - 1);
  return signed ? BigInt.asIntN(7 * bytes.length, value) : value;
}

const edges = (bits: number): bigint[] => {
  const powers = Array.from({ length: bits }, (_, i) => 1n << BigInt(i)).flatMap((own) => [own - 1n, own, own + 1n]);
  const limits = [(1n << BigInt(bits)) - 1n, 0x1234_5678_9abc_def0n, 0x8765_4321_0fed_cba9n];
  return [...powers, ...powers.map((own) => -own), ...limits];
};
const written = (write: (code: Code) => void): Uint8Array => {
  const code = new Code();
  write(code);
  return code.taken();
};
/** The fewest bytes that a signed number takes. */
const signedLength = (value: bigint): number => {
  let length = 1;
  while (BigInt.asIntN(7 * length, value) !== value) length++;
  return length;
};

describe('LEB128 comes back from an independent decoder, in the fewest bytes', () => {
  test('unsigned, 32 bits', () => {
    for (const edge of edges(32)) {
      const value = BigInt.asUintN(32, edge);
      const bytes = written((code) => code.unsigned(Number(BigInt.asIntN(32, edge))));
      expect(decode(bytes, false)).toBe(value);
      expect(bytes.length).toBe(Math.max(1, Math.ceil(value.toString(2).length / 7)));
    }
  });

  test('signed, 32 bits', () => {
    for (const edge of edges(32)) {
      const value = BigInt.asIntN(32, edge);
      const bytes = written((code) => code.signed(Number(value)));
      expect(decode(bytes, true)).toBe(value);
      expect(bytes.length).toBe(signedLength(value));
    }
  });

  test('a constant of 64 bits', () => {
    for (const edge of edges(64)) {
      const value = BigInt.asIntN(64, edge);
      const bytes = written((code) => code.i64(Number(BigInt.asIntN(32, value)), Number(value >> 32n)));
      expect([bytes[0], decode(bytes.subarray(1), true)]).toEqual([OP.i64_const, value]);
      expect(bytes.length).toBe(1 + signedLength(value));
    }
  });
});

test('code grows over its first 4096 bytes and keeps what it has', () => {
  const code = new Code();
  const want: number[] = [];
  for (let i = 0; i < 3000; i++) {
    code.byte(i & 0xff);
    code.op(1, 2);
    code.unsigned(0x80);
    want.push(i & 0xff, 1, 2, 0x80, 1);
  }
  const copy = new Code();
  copy.append(code.taken());
  expect(Buffer.compare(code.taken(), Uint8Array.from(want))).toBe(0);
  expect(Buffer.compare(copy.taken(), code.taken())).toBe(0);
});

const I64: FunctionType = [[], [TYPE.i64]];
const STEP: FunctionType = [[TYPE.i32], [TYPE.i32]];

function functionOf(type: FunctionType, name: string, write: (code: Code) => void): FunctionBody {
  return { type, name, locals: [[1, TYPE.i64]], code: written(write) };
}

function instantiate(bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports = {}) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  return exports as unknown as Readonly<Record<string, (...values: (number | bigint)[]) => unknown>>;
}

describe('modules', () => {
  test('V8 reads constants as what they were, among them those that the short way of 64 bits takes', () => {
    const values = edges(64).map((edge) => BigInt.asIntN(64, edge));
    const bodies = values.map((value, i) =>
      functionOf(I64, `f${i}`, (code) => code.i64(Number(BigInt.asIntN(32, value)), Number(value >> 32n))),
    );
    const exports = instantiate(buildModule([], [], bodies));
    expect(values.map((_, i) => exports[`f${i}`]?.())).toEqual(values);
  });

  test('functions, memory and table that are imported have their places, and types are shared', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: 2 });
    // store the local at 0x100 + 4, then table[1](import(x))
    const body = functionOf(STEP, 'run', (code) => {
      code.i32(0x100);
      code.get(0);
      code.memory(OP.i32_store, 4);
      code.get(0);
      code.call(0);
      code.i32(1);
      code.op(OP.call_indirect);
      code.unsigned(0);
      code.byte(0);
    });
    const imports = [
      { module: 'm', name: 'double', what: STEP },
      { module: 'm', name: 'memory', what: 'memory' },
      { module: 'm', name: 'table', what: 'table' },
    ] as const;
    const bytes = buildModule([STEP], imports, [body]);
    const double = instantiate(buildModule([], [], [functionOf(STEP, 'f', doubled)])).f;
    const negative = instantiate(buildModule([], [], [functionOf(STEP, 'f', negated)])).f;
    table.set(1, negative);
    const exports = instantiate(bytes, { m: { double: double as () => unknown, memory, table } });
    expect(exports.run?.(21)).toBe(-42);
    expect(new DataView(memory.buffer).getInt32(0x104, true)).toBe(21);
    expect(typesOf(bytes)).toBe(1);
  });
});

const doubled = (code: Code): void => {
  code.get(0);
  code.get(0);
  code.op(OP.i32_add);
};
const negated = (code: Code): void => {
  code.i32(0);
  code.get(0);
  code.op(OP.i32_sub);
};
/** The count at the beginning of the first section, which is the one of types. */
const typesOf = (bytes: Uint8Array): number | undefined => (bytes[8] === 1 ? bytes[10] : undefined);
