/** Anything a guest may do to the devices of a PC: they answer in range, get past their deadlines, and go on the same when they were saved. */
import { LocalApic, Uart } from '../src/devices/index';
import { WORD } from '../src/cpu/state';
import { MachineBus } from '../src/machine/bus';
import { pcDevices } from '../src/machine/pc';
import { generator } from './random-code';

const RAM = 1 << 20;
/** Those of the exit port end a run, and then nothing goes on. */
const EXIT_PORTS = [0xf4, 0xf8] as const;

class Pc {
  readonly words = new Int32Array(1024);
  readonly devices = pcDevices({ ram: RAM, apic: true });
  readonly bus = new MachineBus(this.words, this.devices, 1);

  restore(other: Pc): void {
    this.words.set(other.words);
    const states = structuredClone(other.devices.map((device) => device.save()));
    this.devices.forEach((device, i) => device.restore(states[i]));
    this.bus.restore(structuredClone(other.bus.save()));
  }

  /** Time passes deadline by deadline, as while a CPU halts; in how many steps? */
  pass(instructions: number): number {
    const end = this.bus.ticks + instructions;
    let steps = 0;
    for (; this.bus.ticks < end; steps++) {
      this.words[WORD.count] = (this.words[WORD.count] as number) + Math.min(this.bus.toDeadline, end - this.bus.ticks);
      this.bus.advance();
    }
    return steps;
  }
}

const PORTS = new Pc().devices.flatMap(({ ports = [] }) =>
  ports.flatMap(({ start, count }) => Array.from({ length: count }, (_, i) => start + i)),
);

type Step = (pc: Pc) => unknown;

function stepOf(next: () => number): Step {
  const kind = next() % 16;
  const size = [1, 1, 1, 2, 4][next() % 5] as number;
  const port = PORTS[next() % PORTS.length] as number;
  const value = (next() >>> (next() % 32)) % 2 ** (8 * size);
  if (kind < 13 && port < EXIT_PORTS[1] && port + size > EXIT_PORTS[0]) return () => 0;
  if (kind < 6) return ({ bus }) => bus.in(port, size);
  if (kind < 13) return ({ bus }) => bus.out(port, size, value);
  if (kind === 13) return (pc) => pc.pass(value % 20_000);
  const offset = 16 * (next() % 64);
  const isStore = next() % 2 === 0;
  return ({ devices }) => {
    for (const device of devices) {
      if (device instanceof Uart && kind === 14) device.receive([value & 0xff]);
      if (!(device instanceof LocalApic) || kind === 14) continue;
      if (isStore) device.store(offset, 4, value);
      else return device.load(offset);
    }
    return undefined;
  };
}

test.each(Array.from({ length: 12 }, (_, i) => 1 + i))('400 accesses of seed %i', (seed) => {
  const next = generator(seed);
  const [one, other] = [new Pc(), new Pc()];
  const answers: unknown[] = [];
  for (let n = 0; n < 400; n++) {
    const step = stepOf(next);
    const pcs = [one, other];
    const results = pcs.map((pc) => [step(pc), pc.bus.line, pc.bus.deadline]);
    const vectors = one.bus.line && next() % 4 === 0 ? pcs.map(({ bus }) => bus.acknowledge()) : [];
    expect([results[0], vectors[0]]).toEqual([results[1], vectors[1]]);
    answers.push(results[0]?.[0], vectors[0]);
    if (n % 64 === 0) other.restore(one);
  }
  const wrong = answers.filter((answer) => answer !== undefined && !(Number.isInteger(answer) && Number(answer) >= 0));
  expect(wrong).toEqual([]);
  expect(one.devices.map((device) => device.save())).toEqual(other.devices.map((device) => device.save()));
});
