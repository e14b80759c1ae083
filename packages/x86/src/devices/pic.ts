import { StatefulDevice, type DeviceRange, type InterruptController } from './device.js';

interface ChipState {
  /** Levels of the eight inputs. */
  lines: number;
  /** Requests: IRR. */
  requests: number;
  mask: number;
  inService: number;
  /** Inputs that are taken by level: ELCR. */
  level: number;
  base: number;
  /** The input of lowest priority; 7 after initialisation. */
  lowest: number;
  /** The next initialisation word: 2, 3, 4, or 0 when there is none to come. */
  expects: number;
  wants4: boolean;
  single: boolean;
  autoEoi: boolean;
  rotateOnAutoEoi: boolean;
  nestedFully: boolean;
  specialMask: boolean;
  readsInService: boolean;
  polls: boolean;
}

const MASTER = 0;
const SLAVE = 1;
const CASCADE = 2;
const SPURIOUS = 7;

const COMMAND = { icw1: 0x10, ocw3: 0x08 } as const;

/** As firmware leaves the pair, but with every input masked. */
const chip = (base: number): ChipState => ({
  lines: 0,
  requests: 0,
  mask: 0xff,
  inService: 0,
  level: 0,
  base,
  lowest: 7,
  expects: 0,
  wants4: false,
  single: false,
  autoEoi: false,
  rotateOnAutoEoi: false,
  nestedFully: false,
  specialMask: false,
  readsInService: false,
  polls: false,
});

/**
 * The two 8259A of a PC with the edge/level registers of its chipset. A request whose input falls before it is acknowledged is gone, and the CPU
 * gets input 7 instead. Source: Intel 8259A data sheet; ELCR: Intel 82371 (PIIX) data sheet.
 */
export class PicPair extends StatefulDevice<{ chips: [ChipState, ChipState] }> implements InterruptController {
  readonly name = 'pic';
  readonly ports: readonly DeviceRange[] = [
    { start: 0x20, count: 2 },
    { start: 0xa0, count: 2 },
    { start: 0x4d0, count: 2 },
  ];
  protected state = { chips: [chip(0x08), chip(0x70)] as [ChipState, ChipState] };

  /** INTR of the master. */
  get pending(): boolean {
    return winner(this.state.chips[MASTER], true) >= 0;
  }

  setLine(irq: number, level: boolean): void {
    const own = this.state.chips[irq >> 3];
    if (own === undefined) return;
    const bit = 1 << (irq & 7);
    const isRising = level && (own.lines & bit) === 0;
    own.lines = level ? own.lines | bit : own.lines & ~bit;
    if (!level) own.requests &= ~bit;
    else if (isRising || own.level & bit) own.requests |= bit;
    this.cascade();
  }

  acknowledge(): number {
    const [master, slave] = this.state.chips;
    const input = this.take(master, true);
    if (input !== CASCADE || master.single) return this.answer(master, input);
    return this.answer(slave, this.take(slave, false));
  }

  in(port: number): number {
    if (port >= 0x4d0) return this.state.chips[port & 1]?.level ?? 0;
    const own = this.chipOf(port);
    if (own.polls) return this.poll(own);
    if (port & 1) return own.mask;
    return own.readsInService ? own.inService : own.requests;
  }

  out(port: number, _size: number, value: number): void {
    const own = this.chipOf(port);
    if (port >= 0x4d0) this.setLevel(port & 1, value);
    else if (port & 1) writeData(own, value);
    else if (value & COMMAND.icw1) initialise(own, value);
    else if (value & COMMAND.ocw3) writeOcw3(own, value);
    else endOfInterrupt(own, value);
    this.cascade();
  }

  private chipOf(port: number): ChipState {
    const isSlave = port >= 0x4d0 ? (port & 1) !== 0 : port >= 0xa0;
    return this.state.chips[isSlave ? SLAVE : MASTER];
  }

  /** Timer, keyboard, cascade, clock and coprocessor are edges always. */
  private setLevel(index: number, value: number): void {
    const own = this.state.chips[index === MASTER ? MASTER : SLAVE];
    own.level = value & (index === MASTER ? 0xf8 : 0xde);
  }

  /** The slave's output is input 2 of the master. */
  private cascade(): void {
    const [master, slave] = this.state.chips;
    const bit = 1 << CASCADE;
    const level = winner(slave, false) >= 0;
    if (level && (master.lines & bit) === 0) master.requests |= bit;
    if (!level) master.requests &= ~bit;
    master.lines = level ? master.lines | bit : master.lines & ~bit;
    this.bus.changed();
  }

  private take(own: ChipState, isMaster: boolean): number {
    const input = winner(own, isMaster);
    if (input < 0) return -1;
    const bit = 1 << input;
    if ((own.level & bit) === 0) own.requests &= ~bit;
    if (!own.autoEoi) own.inService |= bit;
    else if (own.rotateOnAutoEoi) own.lowest = input;
    return input;
  }

  private answer(own: ChipState, input: number): number {
    this.resumeCascade();
    this.cascade();
    return own.base + (input < 0 ? SPURIOUS : input);
  }

  /** The slave asks again for what else it has: its output falls with the acknowledgement and rises. */
  private resumeCascade(): void {
    this.state.chips[MASTER].lines &= ~(1 << CASCADE);
  }

  private poll(own: ChipState): number {
    own.polls = false;
    const input = this.take(own, own === this.state.chips[MASTER]);
    this.resumeCascade();
    this.cascade();
    return input < 0 ? 0 : 0x80 | input;
  }
}

/** The input that would interrupt now, or -1. */
function winner(own: ChipState, isMaster: boolean): number {
  const asks = own.requests & ~own.mask;
  if (asks === 0) return -1;
  // what is in service holds back its own priority and the lower ones; with the special mask only while it is not masked
  const holding = own.specialMask ? own.inService & ~own.mask : own.inService;
  for (let rank = 1; rank <= 8; rank++) {
    const input = (own.lowest + rank) & 7;
    const bit = 1 << input;
    const passes = own.nestedFully && isMaster && input === CASCADE;
    if (asks & bit && ((holding & bit) === 0 || passes)) return input;
    if (holding & bit) return -1;
  }
  return -1;
}

function initialise(own: ChipState, value: number): void {
  const { lines, level, base } = own;
  Object.assign(own, chip(base), { lines, level, mask: 0, expects: 2 });
  own.requests = lines & level;
  own.single = (value & 2) !== 0;
  own.wants4 = (value & 1) !== 0;
}

function writeData(own: ChipState, value: number): void {
  switch (own.expects) {
    case 2:
      own.base = value & 0xf8;
      own.expects = own.single ? (own.wants4 ? 4 : 0) : 3;
      return;
    case 3:
      own.expects = own.wants4 ? 4 : 0;
      return;
    case 4:
      own.autoEoi = (value & 2) !== 0;
      own.nestedFully = (value & 0x10) !== 0;
      own.expects = 0;
      return;
    default:
      own.mask = value;
  }
}

function writeOcw3(own: ChipState, value: number): void {
  own.polls = (value & 4) !== 0;
  if (value & 2) own.readsInService = (value & 1) !== 0;
  if (value & 0x40) own.specialMask = (value & 0x20) !== 0;
}

/** OCW2. */
function endOfInterrupt(own: ChipState, value: number): void {
  const input = value & 7;
  const rotates = (value & 0x80) !== 0;
  switch (value >> 5) {
    case 0:
    case 4:
      own.rotateOnAutoEoi = rotates;
      return;
    case 1:
    case 5: {
      const highest = firstInService(own);
      if (highest < 0) return;
      own.inService &= ~(1 << highest);
      if (rotates) own.lowest = highest;
      return;
    }
    case 3:
    case 7:
      own.inService &= ~(1 << input);
      if (rotates) own.lowest = input;
      return;
    case 6:
      own.lowest = input;
  }
}

/** Without those that the special mask hides. */
function firstInService(own: ChipState): number {
  const visible = own.specialMask ? own.inService & ~own.mask : own.inService;
  for (let rank = 1; rank <= 8; rank++) {
    const input = (own.lowest + rank) & 7;
    if (visible & (1 << input)) return input;
  }
  return -1;
}
