/** The world of ports. Values are unsigned; sizes are 1, 2 and 4 bytes. */
export interface Ports {
  in(port: number, size: number): number;
  out(port: number, size: number, value: number): void;
}

/** INTR of the interrupt controller. `acknowledge` takes the interrupt and gives its vector. */
export interface InterruptLine {
  readonly line: boolean;
  acknowledge(): number;
}

/** A 64-bit value as two 32-bit words. */
export interface Pair {
  readonly lo: number;
  readonly hi: number;
}

export interface CpuidResult {
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/** What the owner of a CPU may look at or decide. Everything is optional, and nothing is asked of a hook that is not there. */
export interface CpuHooks {
  /** An exception is about to be delivered; `errorCode` is -1 without one. */
  fault?(vector: number, errorCode: number): 'deliver' | 'stop';
  /** INT n; 'skip' continues behind it as if a handler had returned. */
  interrupt?(vector: number): 'deliver' | 'stop' | 'skip';
  /** Answers in place of the profile. */
  cpuid?(leaf: number, subleaf: number): CpuidResult | undefined;
  readMsr?(index: number): Pair | undefined;
  /** True when it has taken the value. */
  writeMsr?(index: number, lo: number, hi: number): boolean;
  port?(port: number, size: number, direction: 'in' | 'out'): 'pass' | 'stop';
  /**
   * An instruction of the operating system (segments, tables, control and debug registers, MSRs, ports, interrupts, CPUID) is about to be executed:
   * what it needs not to be #GP(0), and its linear address as two words. RDTSC is told of only where it is interpreted.
   */
  system?(needs: 'cpl0' | 'iopl' | 'nothing', lo: number, hi: number): void;
  /** A segment register (0 ES, 1 CS, 2 SS, 3 DS, 4 FS, 5 GS) gets a selector, by the instruction at this linear address or on the way to a handler. */
  segment?(segment: number, selector: number, lo: number, hi: number): void;
}

/** No device answers: reads give ones. */
export const NO_PORTS: Ports = {
  in: (_port, size) => (size === 4 ? -1 : (1 << (8 * size)) - 1),
  out: () => undefined,
};
export const NO_INTERRUPTS: InterruptLine = { line: false, acknowledge: () => 0xff };
