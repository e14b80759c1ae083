/** What QEMU's pc-testdev is, and tests of system code expect: bytes behind ports and memory that are no RAM, and interrupt lines to pull. */
import { StatefulDevice } from '../../src/devices/device';

const PORT = 0xe0;
const IRQ_PORTS = 0x2000;
const MEMORY = 0xff000000;
const MEMORY_SIZE = 0x10000;

export class TestDevice extends StatefulDevice<{ readonly port: number[]; readonly memory: Uint8Array }> {
  readonly name = 'test device';
  readonly width = 4;
  readonly ports = [
    { start: PORT, count: 8 }, // four bytes that keep, and a flush of page tables of which a machine without them has no need
    { start: IRQ_PORTS, count: 24 },
  ];
  readonly memory = { start: MEMORY, count: MEMORY_SIZE };
  protected state = { port: [0, 0, 0, 0], memory: new Uint8Array(MEMORY_SIZE) };

  in(port: number, size: number): number {
    if (port < PORT || port + size > PORT + 4) return 0;
    return this.state.port.slice(port - PORT, port - PORT + size).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  out(port: number, size: number, value: number): void {
    if (port >= IRQ_PORTS) this.bus.setIrq(port - IRQ_PORTS, value !== 0);
    else if (port + size <= PORT + 4)
      for (let i = 0; i < size; i++) this.state.port[port - PORT + i] = (value >>> (8 * i)) & 0xff;
  }

  load(offset: number, size: number): number {
    const bytes = this.state.memory.subarray(offset, offset + size);
    return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  }

  store(offset: number, size: number, value: number): void {
    for (let i = 0; i < size; i++) this.state.memory[offset + i] = value >>> (8 * i);
  }
}
