/** What is measured: each function adds its rows. The chapters are those of docs/performance.md. */
import { WORD } from '../../src/cpu/state';
import { Code } from '../../src/translate/code';
import { buildModule, type FunctionBody, type Import } from '../../src/translate/module';
import { OP, TYPE } from '../../src/translate/opcodes';
import { REGION_TYPE, REGION_TYPES } from '../../src/translate/runtime';
import { Guest, LONG, LONG_PAGED, LOOPS, moduleOf, regionOf, straight, type Access } from './guest';
import { best, bestOf } from './measure';

type Add = (what: string, nanoseconds: number) => void;
type Bytes = Uint8Array<ArrayBuffer>;
const ROUNDS = 7;

/** Cost of a region, by what is done in turn; the instances are kept, as the translator keeps them. */
function modules(add: Add): void {
  const guest = new Guest();
  guest.prepare(0);
  for (const [triples, label] of [
    [1, '3 instructions'],
    [20, '60 instructions'],
    [100, '300 instructions'],
    [480, '1440 instructions'],
  ] as const) {
    const region = regionOf(straight(triples));
    const count = triples < 100 ? 20 : 5;
    const name = `region of ${label}: `;
    const compiled = (): WebAssembly.Module => new WebAssembly.Module(moduleOf(region));
    const instance = (): ((label: number) => number) => guest.instance(moduleOf(region));
    add(
      `${name}translate`,
      best(ROUNDS, count, () => repeat(count, () => void moduleOf(region))),
    );
    add(`${name}new Module`, bestOf(ROUNDS, count, () => moduleOf(region), (bytes) => void new WebAssembly.Module(bytes))); // prettier-ignore
    add(`${name}new Instance`, bestOf(ROUNDS, count, compiled, (module) => void new WebAssembly.Instance(module, guest.imports))); // prettier-ignore
    add(
      `${name}first call`,
      bestOf(ROUNDS, count, instance, (call) => void call(0)),
    );
  }
}

/** The same tiny module with and without imported functions. */
function importedFunctions(add: Add): void {
  const guest = new Guest();
  const wasm = guest.instance(moduleOf(regionOf(straight(1))));
  const js = <T>(value: T): T => value;
  const types = [REGION_TYPE, REGION_TYPES[1], [[TYPE.i64], [TYPE.i64]]] as const;
  for (const [label, count, functions] of [
    ['no imported function', 0, []],
    ['1 function of another instance', 1, [wasm]],
    ['1 function of JavaScript', 1, [js]],
    ['3 functions of JavaScript', 3, [js, js, js]],
  ] as const) {
    const imports: Import[] = types.slice(0, count).map((what, i) => ({ module: 'f', name: `f${i}`, what }));
    const values = { f: Object.fromEntries(functions.map((value, i) => [`f${i}`, value])) };
    const make = (): Bytes => buildModule(REGION_TYPES, imports, [unique()]);
    add(`Module and Instance with ${label}`, bestOf(ROUNDS, 20, make, (bytes) => {
      new WebAssembly.Instance(new WebAssembly.Module(bytes), values);
    })); // prettier-ignore
  }
}

/** Instances that import a table, by its size, and what setting an entry costs when there are many. */
function importedTables(add: Add): void {
  const imports: Import[] = [{ module: 'm', name: 't', what: 'table' }];
  for (const size of [1, 4096, 65536]) {
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: size });
    const make = (): WebAssembly.Module => new WebAssembly.Module(buildModule(REGION_TYPES, imports, [unique()]));
    const kept: WebAssembly.Instance[] = [];
    add(`new Instance with a table of ${size}`, bestOf(5, 10, make, (module) => {
      kept.push(new WebAssembly.Instance(module, { m: { t: table } }));
    })); // prettier-ignore
  }
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 16 });
  const kept: WebAssembly.Instance[] = [];
  for (const importers of [100, 1000]) {
    while (kept.length < importers) {
      const module = new WebAssembly.Module(buildModule(REGION_TYPES, imports, [unique()]));
      kept.push(new WebAssembly.Instance(module, { m: { t: table } }));
    }
    const { f } = kept[0]?.exports as { f: () => void };
    add(
      `Table.set, ${importers} importers`,
      best(ROUNDS, 100, () => repeat(100, (i) => table.set(i & 15, f))),
    );
  }
}

/** Calls between JavaScript, instances and functions. */
function calls(add: Add): void {
  const count = 200_000;
  const targets = Array.from({ length: 64 }, () => instanceOf([], {}, unique()).f as (value: number) => number);
  const [one = Number] = targets;
  const run = (mask: number): void => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = (sum + (targets[i & mask] ?? one)(i)) | 0;
  };
  const runOne = (): void => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = (sum + one(i)) | 0;
  };
  add('call: JavaScript to wasm', hot(count, runOne));
  add(
    'call: JavaScript to wasm, one of four',
    hot(count, () => run(3)),
  );
  const imported: Import[] = [{ module: 'f', name: 'f', what: REGION_TYPE }];
  const direct = callLoop((emit) => emit.call(0));
  for (const [label, f] of [
    ['another instance, imported', one],
    ['JavaScript, i32', (value: number) => value + 1],
  ] as const) {
    // prettier-ignore
    const loop = instanceOf(imported, { f: { f } }, direct).f as (count: number) => number;
    add(
      `call: wasm to ${label}`,
      hot(count, () => void loop(count)),
    );
  }
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: targets.length });
  targets.forEach((target, i) => table.set(i, target));
  for (const size of [1, 64]) {
    const body = callLoop((emit) => {
      emit.get(0);
      emit.i32(size - 1);
      emit.op(OP.i32_and, OP.call_indirect);
      emit.op(0, 0);
    });
    const loop = instanceOf([{ module: 'm', name: 't', what: 'table' }], { m: { t: table } }, body).f as typeof one;
    add(
      `call: wasm by a table, ${size} targets`,
      hot(count, () => void loop(count)),
    );
  }
}

/** From region to region without JavaScript, and from JavaScript in and out. */
function dispatch(add: Add): void {
  const guest = new Guest();
  const regions = 8;
  const count = 200_000;
  const place = (i: number): number => 0x1000 + 0x1230 * (i % regions);
  for (let i = 0; i < regions; i++) {
    const distance = place(i + 1) - place(i) - 8;
    const code = [0x48, 0xff, 0xc0, 0xe9, ...[0, 8, 16, 24].map((shift) => (distance >> shift) & 0xff)]; // inc rax; jmp
    guest.install(regionOf(code, LONG, place(i)), i + 1);
  }
  const from = (rip: number, left: number): number => {
    guest.words[WORD.rip] = rip;
    guest.words[WORD.rip + 1] = 0;
    guest.words[WORD.left] = left;
    return guest.run(LONG.key);
  };
  add(
    'dispatch: from region to region',
    hot(count, () => void from(place(0), 2 * count)),
  );
  add(
    'dispatch: in, nothing there, out',
    hot(count, () => {
      for (let i = 0; i < count; i++) from(0x77_0000, 100);
    }),
  );
  add(
    'dispatch: in, no budget, out',
    hot(count, () => {
      for (let i = 0; i < count; i++) from(place(0), 1);
    }),
  );
}

const LOOP_COUNT = 100_000;

/** Time of an iteration of a warm loop, by what is done at its accesses. */
function loops(add: Add): void {
  const guest = new Guest();
  for (const [name, label, accesses] of [
    ['bytes', 'copy bytes', ['raw', 'checked']],
    ['words', 'copy 8 bytes', ['raw', 'checked']],
    ['registers', '8 registers live', ['raw', 'checked', 'calling']],
  ] as const)
    for (const access of accesses) add(`loop: ${label}, ${ACCESS[access]}`, loop(guest, name, access));
  add('loop: copy 8 bytes, tags and addends', loop(guest, 'words', 'checked', true));
}

const ACCESS: Readonly<Record<Access, string>> = { raw: 'raw', checked: 'tags', calling: 'tags, call when cold' };

function loop(guest: Guest, name: keyof typeof LOOPS, access: Access, paged = false): number {
  const region = regionOf(LOOPS[name], paged ? LONG_PAGED : LONG);
  const call = guest.instance(moduleOf(region, access));
  return hot(LOOP_COUNT, () => {
    guest.prepare(LOOP_COUNT);
    call(0);
  });
}

/** The first 10⁷ iterations of a loop: in one call, which V8 may leave in its first translation, and in calls of a budget. */
function firstRun(add: Add): void {
  const guest = new Guest();
  const total = 10_000_000;
  const region = regionOf(LOOPS.standing);
  for (const [label, length] of [
    ['one call', total],
    ['100 calls', total / 100],
  ] as const) {
    // prettier-ignore
    const make = (): ((label: number) => number) => guest.instance(moduleOf(region));
    add(`first 10^7 iterations in ${label}, each`, bestOf(3, 1, make, (call) => {
      for (let done = 0; done < total; done += length) {
        guest.prepare(length);
        call(0);
      }
    }) / total); // prettier-ignore
  }
}

/** Time of one thing when V8 has done all it will do: its second translation comes from another thread, so it is given time. */
function hot(count: number, work: () => void): number {
  const until = performance.now() + 150;
  while (performance.now() < until) work();
  return best(2 * ROUNDS, count, work);
}

function repeat(count: number, work: (i: number) => void): void {
  for (let i = 0; i < count; i++) work(i);
}

let serial = 0;

/** `f(x) = x + n`, with an n that no other has. */
function unique(): FunctionBody {
  const emit = new Code();
  emit.get(0);
  emit.i32(++serial);
  emit.op(OP.i32_add);
  return { type: REGION_TYPE, name: 'f', locals: [], code: emit.taken() };
}

/** `f(count)`: a call for each, with what is left of the count as the argument and the sum of what they say as the result. */
function callLoop(call: (emit: Code) => void): FunctionBody {
  const emit = new Code();
  const [COUNT, SUM] = [0, 1];
  emit.block(OP.loop);
  emit.get(COUNT);
  call(emit);
  emit.get(SUM);
  emit.op(OP.i32_add);
  emit.set(SUM);
  emit.get(COUNT);
  emit.i32(1);
  emit.op(OP.i32_sub);
  emit.tee(COUNT);
  emit.branch(OP.br_if, 0);
  emit.end();
  emit.get(SUM);
  return { type: REGION_TYPE, name: 'f', locals: [[1, TYPE.i32]], code: emit.taken() };
}

function instanceOf(imports: readonly Import[], values: WebAssembly.Imports, body: FunctionBody): WebAssembly.Exports {
  const module = new WebAssembly.Module(buildModule(REGION_TYPES, imports, [body]));
  return new WebAssembly.Instance(module, values).exports;
}

export const CHAPTERS = [modules, importedFunctions, importedTables, calls, dispatch, loops, firstRun];
