import { Uart } from '../src/devices/index';
import { TestBus } from './device-bus';

function uart() {
  const bus = new TestBus();
  const device = new Uart();
  device.attach(bus);
  const sent: number[] = [];
  device.onByte = (byte) => sent.push(byte);
  const out = (offset: number, value: number) => device.out(0x3f8 + offset, 1, value);
  const read = (offset: number) => device.in(0x3f8 + offset);
  return { bus, device, sent, out, read };
}
const MCR_OUT2 = 8;
const irq = (bus: TestBus) => bus.lines.get(4) === true;

test('polled output: the transmitter is empty always and every byte comes out', () => {
  const { out, read, sent } = uart();
  for (const letter of Buffer.from('ok')) {
    expect(read(5) & 0x60).toBe(0x60);
    out(0, letter);
  }
  expect(Buffer.from(sent).toString()).toBe('ok');
});

test('the divisor latch hides data and interrupt enable, and nothing else', () => {
  const { out, read, sent } = uart();
  out(1, 5);
  out(3, 0x83);
  out(0, 0x34);
  out(1, 0x12);
  expect([read(0), read(1), read(3)]).toEqual([0x34, 0x12, 0x83]);
  out(3, 0x03);
  expect([read(1), sent.length]).toEqual([5, 0]);
});

test('what Linux asks of a 16550A: scratch keeps, 4 bits of IER, FIFO bits, loopback of modem lines', () => {
  const { out, read } = uart();
  out(7, 0xa5);
  out(1, 0xff);
  expect([read(7), read(1)]).toEqual([0xa5, 0x0f]);
  out(1, 0);
  out(2, 1);
  expect(read(2) & 0xc0).toBe(0xc0);
  out(2, 0);
  expect(read(2)).toBe(0x01);
  out(4, 0x10 | 0x0a);
  expect(read(6) & 0xf0).toBe(0x90); // RTS and OUT2 come back as CTS and DCD
  out(4, 0);
  expect(read(6) & 0xf0).toBe(0xb0);
});

test('received bytes wait with the host while the FIFO is full, and come in their order', () => {
  const { device, out, read } = uart();
  out(2, 1);
  device.receive(Array.from({ length: 40 }, (_, i) => i));
  const taken: number[] = [];
  while (read(5) & 1) taken.push(read(0));
  expect(taken).toEqual(Array.from({ length: 40 }, (_, i) => i));
});

test.each([
  { trigger: 0, level: 1 },
  { trigger: 1, level: 4 },
  { trigger: 2, level: 8 },
  { trigger: 3, level: 14 },
])('trigger $trigger interrupts with byte $level', ({ trigger, level }) => {
  const { bus, device, out, read } = uart();
  out(4, MCR_OUT2);
  out(2, 1 | (trigger << 6));
  out(1, 1);
  for (let byte = 1; byte < level; byte++) device.receive([byte]);
  expect(irq(bus)).toBe(false);
  device.receive([level]);
  expect([irq(bus), read(2) & 15]).toEqual([true, 4]);
  read(0);
  expect(irq(bus)).toBe(false);
});

test('fewer bytes than the trigger interrupt after four characters', () => {
  const { bus, device, out, read } = uart();
  out(4, MCR_OUT2);
  out(2, 0xc1);
  out(1, 1);
  device.receive([1]);
  bus.passTo(bus.now + 4.1e6, device); // 9600 baud: a character takes 1.04 ms
  expect(irq(bus)).toBe(false);
  bus.passTo(bus.now + 0.1e6, device);
  expect([irq(bus), read(2) & 15, read(0), irq(bus)]).toEqual([true, 0x0c, 1, false]);
});

test('the empty transmitter interrupts once it is asked, once a byte, and no more when it was identified', () => {
  const { bus, out, read } = uart();
  out(4, MCR_OUT2);
  out(1, 2);
  expect([irq(bus), read(2), irq(bus), read(2)]).toEqual([true, 2, false, 1]);
  out(0, 65);
  out(0, 66);
  expect([irq(bus), bus.edges.get(4)]).toEqual([true, 3]);
});

test('without OUT2 no interrupt leaves the chip', () => {
  const { bus, out, read } = uart();
  out(1, 2);
  expect(irq(bus)).toBe(false);
  out(4, MCR_OUT2);
  expect([irq(bus), read(2)]).toEqual([true, 2]);
});

test('loopback returns bytes to the receiver, loses those that find no room, and says so', () => {
  const { out, read, sent } = uart();
  out(4, 0x10);
  out(2, 1);
  for (let byte = 0; byte < 17; byte++) out(0, byte);
  expect(sent).toEqual([]);
  expect([read(5) & 0x03, read(5) & 0x03]).toEqual([3, 1]);
  expect(Array.from({ length: 17 }, () => read(0)).slice(0, 16)).toEqual(Array.from({ length: 16 }, (_, i) => i));
  expect(read(5) & 1).toBe(0);
});

test('a break is a byte of zero with its own status, said once', () => {
  const { bus, device, out, read } = uart();
  out(4, MCR_OUT2);
  out(1, 4);
  device.receiveBreak();
  expect([irq(bus), read(2) & 15]).toEqual([true, 6]);
  expect([read(5) & 0x11, read(5) & 0x11, read(0)]).toEqual([0x11, 0x01, 0]);
});

test('changes of modem lines are told as deltas, once', () => {
  const { out, read } = uart();
  out(4, 0x10); // loopback with nothing asserted: CTS, DSR and DCD fall
  expect([read(6), read(6)]).toEqual([0x0b, 0x00]);
  out(4, 0x14); // RI rises: no delta
  out(4, 0x10); // and falls: trailing edge
  expect(read(6)).toBe(0x04);
});

test('saved and restored in the middle of reception it goes on', () => {
  const { device, out } = uart();
  out(2, 1);
  device.receive([1, 2, 3]);
  const copy = uart();
  copy.device.restore(structuredClone(device.save()));
  expect([copy.read(0), copy.read(0), copy.read(0), copy.read(5) & 1]).toEqual([1, 2, 3, 0]);
});
