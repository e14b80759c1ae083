import { type Semantics } from '../cpu/cpu.js';
import { add, DOUBLE, SINGLE, type Environment } from '../float/index.js';
import { checkSse, checkSse3 } from '../system/fpu-available.js';
import { double, putDouble, putSingle, single } from './sse-float.js';
import { settle, sseEnvironment } from './sse-environment.js';
import { A, B, C, readVector, writeVector, type Lanes } from './vector.js';

/** A place of an operand: the destination (A) or the source (B), and which of its elements. */
type Place = readonly [from: Lanes, element: number];
/** An element of the result: the sum of two places, or their difference. */
type Step = readonly [first: Place, second: Place, subtracts: boolean];

function addSingle(env: Environment, i: number, [[a, m], [b, n], subtracts]: Step): void {
  putSingle(C, i, add(env, SINGLE, single(a, m), single(b, n), subtracts));
}
function addDouble(env: Environment, i: number, [[a, m], [b, n], subtracts]: Step): void {
  putDouble(C, i, add(env, DOUBLE, double(a, m), double(b, n), subtracts));
}

/** Two doubles or four singles, by as many steps. */
const sums =
  (steps: readonly Step[]): Semantics =>
  (cpu) => {
    checkSse3(cpu);
    checkSse(cpu);
    readVector(cpu, 1, B);
    readVector(cpu, 0, A);
    const env = sseEnvironment(cpu);
    const one = steps.length === 2 ? addDouble : addSingle;
    steps.forEach((step, i) => one(env, i, step));
    settle(cpu, env);
    writeVector(cpu, 0, C);
  };

/** HADD, HSUB: neighbours with each other, those of the destination first. */
const neighbours = (count: 2 | 4, subtracts: boolean): Semantics =>
  sums(
    Array.from({ length: count }, (_, i): Step => {
      const from = i < count / 2 ? A : B;
      const first = (2 * i) % count;
      return [[from, first], [from, first + 1], subtracts];
    }),
  );

/** ADDSUB: even elements are subtracted, odd ones added. */
const alternately = (count: 2 | 4): Semantics =>
  sums(Array.from({ length: count }, (_, i): Step => [[A, i], [B, i], i % 2 === 0]));

/** Four words of the source in another order. */
const duplicate =
  (order: readonly [number, number, number, number]): Semantics =>
  (cpu) => {
    checkSse3(cpu);
    checkSse(cpu);
    readVector(cpu, 1, B);
    order.forEach((from, i) => (A.i32[i] = B.word(from)));
    writeVector(cpu, 0, A);
  };

const loadUnaligned: Semantics = (cpu) => {
  checkSse3(cpu);
  checkSse(cpu);
  readVector(cpu, 1, B, false);
  writeVector(cpu, 0, B);
};

export const SSE3: Readonly<Record<string, Semantics>> = {
  HADDPS: neighbours(4, false),
  HADDPD: neighbours(2, false),
  HSUBPS: neighbours(4, true),
  HSUBPD: neighbours(2, true),
  ADDSUBPS: alternately(4),
  ADDSUBPD: alternately(2),
  MOVSLDUP: duplicate([0, 0, 2, 2]),
  MOVSHDUP: duplicate([1, 1, 3, 3]),
  MOVDDUP: duplicate([0, 1, 0, 1]),
  LDDQU: loadUnaligned,
};
