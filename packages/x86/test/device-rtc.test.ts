import { Rtc } from '../src/devices/index';
import { TestBus } from './device-bus';

function rtc(time = '2024-02-28T23:59:58Z', ram = 256 << 20) {
  const bus = new TestBus();
  const device = new Rtc({ time: new Date(time), ram });
  device.attach(bus);
  const read = (index: number) => {
    device.out(0x70, 1, index);
    return device.in(0x71);
  };
  const write = (index: number, value: number) => {
    device.out(0x70, 1, index);
    device.out(0x71, 1, value);
  };
  /** Century, year, month, day, hour, minute, second, as the guest reads them. */
  const clock = () => [0x32, 9, 8, 7, 4, 2, 0].map(read);
  return { bus, device, read, write, clock };
}
const irq = (bus: TestBus) => bus.lines.get(8) === true;

test('the time is given, in decimal digits, and goes on with virtual time over the end of February', () => {
  const { bus, clock, read } = rtc();
  expect(clock()).toEqual([0x20, 0x24, 0x02, 0x28, 0x23, 0x59, 0x58]);
  bus.now = 2e9;
  expect(clock()).toEqual([0x20, 0x24, 0x02, 0x29, 0x00, 0x00, 0x00]);
  expect(read(6)).toBe(5); // a Thursday; Sunday is 1
});

test('binary mode and the 12-hour clock', () => {
  const { write, read } = rtc();
  write(0x0b, 0x06);
  expect([read(4), read(2), read(0)]).toEqual([23, 59, 58]);
  write(0x0b, 0x00);
  expect(read(4)).toBe(0x91);
});

test('the guest stops the clock, sets it, and lets it go', () => {
  const { bus, write, clock } = rtc();
  bus.now = 5.5e9;
  write(0x0b, 0x82);
  [0x30, 0x15, 0x08, 0x17, 0x06, 0x99, 0x19].forEach((value, i) => write([0, 2, 4, 7, 8, 9, 0x32][i] as number, value));
  bus.now = 50.5e9;
  expect(clock()).toEqual([0x19, 0x99, 0x06, 0x17, 0x08, 0x15, 0x30]);
  write(0x0b, 0x02);
  bus.now = 52e9;
  expect(clock()).toEqual([0x19, 0x99, 0x06, 0x17, 0x08, 0x15, 0x32]);
});

test('an update is announced 244 µs before', () => {
  const { bus, read } = rtc();
  bus.now = 0.9997e9;
  expect(read(0x0a)).toBe(0x26);
  bus.now = 0.9998e9;
  expect(read(0x0a)).toBe(0xa6);
  bus.now = 1e9;
  expect(read(0x0a)).toBe(0x26);
});

test.each([
  { rate: 6, hertz: 1024 },
  { rate: 15, hertz: 2 },
  { rate: 1, hertz: 256 },
  { rate: 3, hertz: 8192 },
])('rate $rate interrupts $hertz times a second', ({ rate, hertz }) => {
  const { bus, device, write, read } = rtc();
  write(0x0a, 0x20 | rate);
  write(0x0b, 0x42);
  let count = 0;
  for (let due = device.nextDeadline(); due <= 1e9; due = device.nextDeadline()) {
    bus.now = due;
    device.advance();
    expect([irq(bus), read(0x0c)]).toEqual([true, due === 1e9 ? 0xd0 : 0xc0]);
    expect(irq(bus)).toBe(false);
    count++;
  }
  expect(count).toBe(hertz);
});

test('an unread cause gives no second edge', () => {
  const { bus, device, write, read } = rtc();
  write(0x0b, 0x12);
  bus.passTo(3.5e9, device);
  expect(bus.edges.get(8)).toBe(1);
  expect(read(0x0c) & 0x90).toBe(0x90);
  bus.passTo(4.5e9, device);
  expect(bus.edges.get(8)).toBe(2);
});

test.each([
  { title: 'at one time of day', alarm: [0x00, 0x30, 0x00], second: 1802 },
  { title: 'every minute, by wildcards', alarm: [0x05, 0xff, 0xc0], second: 7 },
])('the alarm comes $title', ({ alarm, second }) => {
  const { bus, device, write, read } = rtc();
  [1, 3, 5].forEach((index, i) => write(index, alarm[i] as number));
  write(0x0b, 0x22);
  bus.passTo((second - 0.5) * 1e9, device);
  expect(irq(bus)).toBe(false);
  bus.passTo(second * 1e9, device);
  expect([irq(bus), read(0x0c) & 0xa0]).toEqual([true, 0xa0]);
});

test('flags are set for those who poll, without interrupts', () => {
  const { bus, device, read } = rtc();
  expect([device.nextDeadline(), read(0x0c)]).toEqual([Infinity, 0]);
  bus.now = 1.5e9;
  expect([read(0x0c), read(0x0c), irq(bus)]).toEqual([0x50, 0, false]);
});

test('the CMOS says how much memory there is, and keeps what is written', () => {
  const { read, write } = rtc('2024-01-01T00:00:00Z', 256 << 20);
  const word = (index: number) => read(index) | (read(index + 1) << 8);
  expect([word(0x15), word(0x17), word(0x30), word(0x34)]).toEqual([640, 0xffff, 0xffff, 240 * 16]);
  expect([read(0x0d), read(0x2e) * 256 + read(0x2f)]).toEqual([
    0x80,
    Array.from({ length: 0x1e }, (_, i) => read(0x10 + i)).reduce((a, b) => a + b),
  ]);
  write(0x50, 0x5a);
  expect(read(0x50)).toBe(0x5a);
});
