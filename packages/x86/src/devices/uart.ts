import { StatefulDevice, type DeviceRange } from './device.js';
import { FCR, IER, IIR, LCR, LSR, MCR, OFFSET, TRIGGERS } from './uart-registers.js';

/** Carrier, data set ready and clear to send, as from a peer that is always there. */
const PEER = 0xb0;
const FIFO_SIZE = 16;
const CLOCK = 115200;
/** In the receive queue: a break, not a byte. */
const BREAK = 0x100;

interface UartState {
  divisor: number;
  ier: number;
  fcr: number;
  lcr: number;
  mcr: number;
  modemDelta: number;
  overrun: number;
  scratch: number;
  /** The transmitter became empty and nobody has been told. */
  holdingEmpty: boolean;
  fifo: number[];
  /** What the host has sent and the FIFO had no room for. */
  waiting: number[];
  /** When bytes below the trigger level interrupt all the same. */
  timeout: number;
  timedOut: boolean;
}

export interface UartOptions {
  readonly name?: string;
  readonly port?: number;
  readonly irq?: number;
}

/**
 * A 16550A. Transmission takes no time; reception takes bytes from the host as fast as the guest reads them, so nothing is ever lost but in
 * loopback. The interrupt line is connected through OUT2, as on every PC.
 */
export class Uart extends StatefulDevice<UartState> {
  readonly name: string;
  readonly ports: readonly DeviceRange[];
  /** Every byte that the guest sends. */
  onByte: (byte: number) => void = () => undefined;
  private readonly port: number;
  private readonly irq: number;
  protected state: UartState = {
    divisor: 12,
    ier: 0,
    fcr: 0,
    lcr: 0,
    mcr: 0,
    modemDelta: 0,
    overrun: 0,
    scratch: 0,
    holdingEmpty: false,
    fifo: [],
    waiting: [],
    timeout: Infinity,
    timedOut: false,
  };

  constructor(options: UartOptions = {}) {
    super();
    this.port = options.port ?? 0x3f8;
    this.irq = options.irq ?? 4;
    this.name = options.name ?? 'uart';
    this.ports = [{ start: this.port, count: 8 }];
  }

  /** Bytes from the host; they wait until the guest takes them. */
  receive(bytes: Iterable<number>): void {
    for (const byte of bytes) this.state.waiting.push(byte & 0xff);
    this.refill();
  }

  /** A break, as for SysRq on a serial console. */
  receiveBreak(): void {
    this.state.waiting.push(BREAK);
    this.refill();
  }

  in(port: number): number {
    const { state } = this;
    const isLatch = (state.lcr & LCR.DLAB) !== 0;
    switch (port - this.port) {
      case OFFSET.RBR_THR:
        return isLatch ? state.divisor & 0xff : this.take();
      case OFFSET.IER:
        return isLatch ? state.divisor >> 8 : state.ier;
      case OFFSET.IIR_FCR:
        return this.identify();
      case OFFSET.LCR:
        return state.lcr;
      case OFFSET.MCR:
        return state.mcr;
      case OFFSET.LSR:
        return this.lineStatus();
      case OFFSET.MSR:
        return this.modemStatus();
      default:
        return state.scratch;
    }
  }

  out(port: number, _size: number, value: number): void {
    const { state } = this;
    const isLatch = (state.lcr & LCR.DLAB) !== 0;
    switch (port - this.port) {
      case OFFSET.RBR_THR:
        if (isLatch) state.divisor = (state.divisor & 0xff00) | value;
        else this.transmit(value);
        break;
      case OFFSET.IER:
        if (isLatch) state.divisor = (state.divisor & 0xff) | (value << 8);
        else this.enable(value & 0x0f);
        break;
      case OFFSET.IIR_FCR:
        this.controlFifo(value);
        break;
      case OFFSET.LCR:
        state.lcr = value;
        break;
      case OFFSET.MCR:
        this.controlModem(value & 0x1f);
        break;
      case OFFSET.SCR:
        state.scratch = value;
    }
    this.update();
  }

  nextDeadline(): number {
    return this.state.timeout;
  }

  advance(): void {
    const { state } = this;
    if (this.bus.now < state.timeout) return;
    state.timeout = Infinity;
    state.timedOut = true;
    this.update();
  }

  // registers with effects

  private transmit(byte: number): void {
    const { state } = this;
    // the line falls before it rises: a controller that takes edges has to see one for every byte
    state.holdingEmpty = false;
    this.update();
    if (state.mcr & MCR.LOOP) this.loop(byte);
    else this.onByte(byte);
    state.holdingEmpty = true;
  }

  private loop(byte: number): void {
    const { state } = this;
    if (state.fifo.length < this.capacity) state.fifo.push(byte);
    else state.overrun = LSR.overrun;
    this.armTimeout();
  }

  private enable(value: number): void {
    const { state } = this;
    // the transmitter is empty always, so allowing its interrupt raises it
    if ((value & ~state.ier & IER.holdingEmpty) !== 0) state.holdingEmpty = true;
    const takesData = (value & ~state.ier & IER.data) !== 0;
    state.ier = value;
    if (takesData) this.armTimeout();
  }

  private controlFifo(value: number): void {
    const { state } = this;
    const switched = ((value ^ state.fcr) & FCR.ENABLE) !== 0;
    state.fcr = value & FCR.ENABLE ? value & 0xc9 : 0;
    if (!switched && (value & FCR.CLEAR_RECEIVE) === 0) return;
    state.fifo = [];
    this.armTimeout();
    this.refill();
  }

  private controlModem(value: number): void {
    const { state } = this;
    const before = this.modemLines;
    state.mcr = value;
    const after = this.modemLines;
    const fallen = before & ~after;
    state.modemDelta |= (((before ^ after) >> 4) & 0x0b) | ((fallen >> 4) & 0x04);
    if ((value & MCR.LOOP) === 0) this.refill();
  }

  private take(): number {
    const { state } = this;
    const entry = state.fifo.shift() ?? 0;
    this.refill();
    this.armTimeout();
    this.update();
    return entry & 0xff;
  }

  private identify(): number {
    const { state } = this;
    const id = this.cause();
    if (id === IIR.holdingEmpty) {
      state.holdingEmpty = false;
      this.update();
    }
    return id | (state.fcr & FCR.ENABLE ? 0xc0 : 0);
  }

  private lineStatus(): number {
    const { state } = this;
    const [first] = state.fifo;
    let status = LSR.holdingEmpty | LSR.empty | state.overrun;
    if (first !== undefined) status |= LSR.dataReady;
    if (first !== undefined && first >= BREAK) status |= LSR.break;
    if (state.fcr & FCR.ENABLE && state.fifo.some((entry) => entry >= BREAK)) status |= LSR.fifoError;
    // reading says it once; the byte of a break stays
    state.overrun = 0;
    if (first !== undefined) state.fifo[0] = first & 0xff;
    this.update();
    return status;
  }

  private modemStatus(): number {
    const { state } = this;
    const status = this.modemLines | state.modemDelta;
    state.modemDelta = 0;
    this.update();
    return status;
  }

  /** Loopback joins RTS to CTS, DTR to DSR, OUT1 to RI and OUT2 to DCD. */
  private get modemLines(): number {
    const { mcr } = this.state;
    if ((mcr & MCR.LOOP) === 0) return PEER;
    return ((mcr & 2) << 3) | ((mcr & 1) << 5) | ((mcr & 4) << 4) | ((mcr & 8) << 4);
  }

  // receiver and interrupts

  private get capacity(): number {
    return this.state.fcr & FCR.ENABLE ? FIFO_SIZE : 1;
  }

  private refill(): void {
    const { state } = this;
    if (state.mcr & MCR.LOOP) return;
    const before = state.fifo.length;
    while (state.fifo.length < this.capacity && state.waiting.length > 0)
      state.fifo.push(state.waiting.shift() as number);
    if (state.fifo.length === before) return;
    this.armTimeout();
    this.update();
  }

  /** Bytes that lie in the FIFO for the time of four characters interrupt below the trigger level too. */
  private armTimeout(): void {
    const { state } = this;
    const waits = state.fifo.length > 0 && (state.fcr & FCR.ENABLE) !== 0 && (state.ier & IER.data) !== 0;
    const bit = (1e9 * (state.divisor === 0 ? 1 : state.divisor)) / CLOCK;
    state.timedOut = false;
    state.timeout = waits ? this.bus.now + Math.ceil(4 * 10 * bit) : Infinity;
    this.bus.changed();
  }

  private cause(): number {
    const { ier, fifo, fcr, timedOut } = this.state;
    const level = fcr & FCR.ENABLE ? (TRIGGERS[fcr >> 6] ?? 1) : 1;
    const [first = 0] = fifo;
    if (ier & IER.line && (this.state.overrun !== 0 || first >= BREAK)) return IIR.line;
    if (ier & IER.data && fifo.length >= level) return IIR.data;
    if (ier & IER.data && timedOut) return IIR.timeout;
    if (ier & IER.holdingEmpty && this.state.holdingEmpty) return IIR.holdingEmpty;
    if (ier & IER.modem && this.state.modemDelta !== 0) return IIR.modem;
    return IIR.none;
  }

  private update(): void {
    const { mcr } = this.state;
    const connected = (mcr & (MCR.OUT2 | MCR.LOOP)) === MCR.OUT2;
    this.bus.setIrq(this.irq, connected && this.cause() !== IIR.none);
  }
}
