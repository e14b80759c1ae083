/** Runs a random machine in the interpreter and with translated code, and says in what they differ. */
import { ALL_FEATURES, Machine, WORD, type MachineExit, type Tier } from '../core';
import { build, describeScenario, RAM, type Scenario } from './scenario';

/** Machines that are used again and again. */
class Player {
  readonly machine: Machine;
  private readonly fresh: ReturnType<Machine['save']>;

  constructor(tier: Tier, patience?: number) {
    const cpu = { features: ALL_FEATURES };
    this.machine = new Machine({ ram: RAM, unmapped: 'ones', tier, cpu, ...(patience !== undefined && { patience }) });
    this.fresh = this.machine.save();
  }

  begin(scenario: Scenario): void {
    this.machine.restore(this.fresh);
    build(scenario, this.machine);
    this.machine.touches.clear();
  }

  /** As another one begins: making a machine is as much work as running it. */
  beginAs(snapshot: ReturnType<Machine['save']>): void {
    this.machine.restore(snapshot);
  }
}

/** Words of the state block that say how it came to be, not what it is: flags in the making, and the business of translated code. */
const NOT_STATE = new Set<number>([
  ...[WORD.eflags, WORD.lazy, WORD.result, WORD.result + 1, WORD.vector, WORD.errorCode, WORD.flagKind, WORD.rights],
  ...[WORD.flagA, WORD.flagB, WORD.flagResult, WORD.horizon, WORD.tscFactor, WORD.called, WORD.missed].flatMap(
    (word) => [word, word + 1],
  ),
  WORD.left,
]);
const STATE_WORDS = 0x800 / 4;

/** A machine that only faults would take the time of a hundred others; one in sixteen may. */
const PATIENCE = 0x100;

export class FuzzRunner {
  private readonly players: readonly Player[];
  private readonly patient: readonly Player[];
  readonly reasons = new Map<string, number>();
  /** How often a machine went on as what had been saved of another one. */
  saved = 0;

  constructor(readonly tiers: readonly Tier[]) {
    this.players = tiers.map((tier) => new Player(tier, PATIENCE));
    this.patient = tiers.map((tier) => new Player(tier));
  }

  /** What is wrong with a seed; empty when nothing is. */
  run(seed: number): string {
    const scenario = describeScenario(seed);
    const players = seed % 16 === 0 ? this.patient : this.players;
    const [leader, ...followers] = players;
    leader?.begin(scenario);
    const snapshot = leader?.machine.save();
    if (snapshot !== undefined) for (const player of followers) player.beginAs(snapshot);
    const machines = players.map(({ machine }) => machine);
    const [first, ...others] = machines;
    if (first === undefined) return '';
    for (const [i, slice] of scenario.slices.entries()) {
      const before = first.count;
      const exits = machines.map((machine) => machine.run({ budget: slice }));
      const reason = exits[0]?.reason ?? '';
      if (first.count - before > BigInt(slice)) return `${first.count - before} instructions with a budget of ${slice}`;
      for (const [k, other] of others.entries()) {
        const difference = compare(first, other, exits[0], exits[k + 1]);
        if (difference !== '') return `${scenario.mode}, ${this.tiers[k + 1]}, slice ${i}: ${difference}`;
      }
      if (reason !== 'budget' || i === scenario.slices.length - 1) {
        this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
        break;
      }
      if (seed % 4 === 1) this.replaceBySaved(first, others);
      if (seed % 8 === 3) for (const machine of machines) machine.nmi();
    }
    return '';
  }

  /** From here on the others are what was saved of the first, which goes on as it is, but for its TLB: that is not saved. */
  private replaceBySaved(first: Machine, others: readonly Machine[]): void {
    first.memory.restore(first.memory.save());
    const snapshot = first.save();
    for (const other of others) other.restore(snapshot);
    this.saved++;
  }
}

const plain = (value: unknown): string =>
  JSON.stringify(value, (_key, own: unknown) => (typeof own === 'bigint' ? own.toString(16) : own));

function compare(one: Machine, other: Machine, exit?: MachineExit, otherExit?: MachineExit): string {
  if (plain(exit) !== plain(otherExit)) return `${plain(exit)} and ${plain(otherExit)}`;
  if (one.register('rflags') !== other.register('rflags'))
    return `flags ${one.register('rflags').toString(16)} and ${other.register('rflags').toString(16)}`;
  const [a, b] = [one.memory.words, other.memory.words];
  for (let word = 0; word < STATE_WORDS; word++)
    if (a[word] !== b[word] && !NOT_STATE.has(word))
      return `state ${(4 * word).toString(16)}: ${hex(a[word])} and ${hex(b[word])}`;
  for (let at = 0; at < RAM; at += 4096)
    if (Buffer.compare(one.ram.subarray(at, at + 4096), other.ram.subarray(at, at + 4096)) !== 0)
      return memoryDifference(one, other, at);
  const devices = [one, other].map((machine) => plain(machine.devices.map((device) => device.save())));
  if (devices[0] !== devices[1]) return `devices ${devices[0]} and ${devices[1]}`;
  const touches = [one, other].map((machine) => [...machine.touches].map(plain));
  const odd = touches[0]?.findIndex((touch, i) => touch !== touches[1]?.[i]) ?? -1;
  if (odd >= 0) return `touch ${touches[0]?.[odd]} and ${touches[1]?.[odd]}`;
  return touches[0]?.length === touches[1]?.length ? '' : `${touches[0]?.length} and ${touches[1]?.length} touches`;
}

const hex = (value: number | undefined): string => ((value ?? 0) >>> 0).toString(16);

function memoryDifference(one: Machine, other: Machine, page: number): string {
  const at = one.ram.subarray(page, page + 4096).findIndex((byte, i) => byte !== other.ram[page + i]);
  return `[${(page + at).toString(16)}] ${hex(one.ram[page + at])} and ${hex(other.ram[page + at])}`;
}
