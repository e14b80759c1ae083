import { LocalApic } from '../src/devices/index';
import { TestBus } from './device-bus';

function apic(enabled = true) {
  const bus = new TestBus();
  const device = new LocalApic();
  device.attach(bus);
  const write = (offset: number, value: number) => device.store(offset, 4, value);
  if (enabled) write(0xf0, 0x1ff);
  return { bus, device, write, read: (offset: number) => device.load(offset) };
}
const SELF = 0x4_0000;

test('it says that it is a local APIC with six local vectors, all masked', () => {
  const { read } = apic(false);
  expect([read(0x20), read(0x30), read(0xf0)]).toEqual([0, 0x50014, 0xff]);
  expect([0x320, 0x330, 0x340, 0x350, 0x360, 0x370].map(read)).toEqual(Array(6).fill(0x10000));
});

test('while it is off it keeps its vectors masked and lets the 8259s through', () => {
  const { device, write, read } = apic(false);
  write(0x320, 0x20);
  expect([read(0x320), device.passesExternal]).toEqual([0x10020, true]);
  write(0xf0, 0x1ff);
  expect(device.passesExternal).toBe(false);
  write(0x350, 0x700);
  expect(device.passesExternal).toBe(true);
  write(0x350, 0x10700);
  expect(device.passesExternal).toBe(false);
});

test('interrupts to itself come by priority, and wait for the end of more urgent ones', () => {
  const { device, write, read } = apic();
  for (const vector of [0x31, 0x52, 0x35]) write(0x300, SELF | vector);
  expect([device.acknowledge(), device.pending]).toEqual([0x52, false]);
  expect([read(0x120), read(0x210), read(0xa0)]).toEqual([1 << 0x12, (1 << 0x11) | (1 << 0x15), 0x50]);
  write(0xb0, 0);
  expect(device.acknowledge()).toBe(0x35);
  expect(device.pending).toBe(false); // 0x31 is of the same class
  write(0xb0, 0);
  expect(device.acknowledge()).toBe(0x31);
});

test('the task priority holds back its class and those below, and is CR8', () => {
  const { device, write } = apic();
  let cr8 = 0;
  device.onTaskPriority = (priority) => (cr8 = priority);
  write(0x80, 0x50);
  write(0x300, SELF | 0x5f);
  expect(device.pending).toBe(false);
  expect(cr8).toBe(5);
  device.taskPriority = 4;
  expect(device.pending).toBe(true);
});

test.each([
  { title: 'the shorthand for all', high: 0, low: 0x8_0040, taken: true },
  { title: 'all but self', high: 0, low: 0xc_0040, taken: false },
  { title: 'its physical ID', high: 0, low: 0x40, taken: true },
  { title: 'another ID', high: 1, low: 0x40, taken: false },
  { title: 'the broadcast ID', high: 0xff, low: 0x40, taken: true },
  { title: 'its logical bit', high: 0x01, low: 0x840, taken: true },
  { title: 'another logical bit', high: 0x02, low: 0x840, taken: false },
  { title: 'INIT', high: 0, low: SELF | 0x540, taken: false },
])('a command to $title', ({ high, low, taken }) => {
  const { device, write, read } = apic();
  write(0xd0, 0x0100_0000);
  write(0x310, high << 24);
  write(0x300, low | 0x1000);
  expect([device.pending, read(0x300)]).toEqual([taken, low]);
});

test('a vector below 16 is an error and no interrupt', () => {
  const { device, write, read } = apic();
  write(0x300, SELF | 5);
  expect([device.pending, read(0x280)]).toEqual([false, 0x40]);
});

test.each([
  { divide: 0b1011, nanoseconds: 1000 },
  { divide: 0b0000, nanoseconds: 2000 },
  { divide: 0b0011, nanoseconds: 16000 },
  { divide: 0b1010, nanoseconds: 128000 },
])('a count of 1000 with divisor code $divide takes $nanoseconds ns, once', ({ divide, nanoseconds }) => {
  const { bus, device, write, read } = apic();
  write(0x3e0, divide);
  write(0x320, 0x40);
  write(0x380, 1000);
  bus.passTo(nanoseconds / 2, device);
  expect([read(0x390), device.pending]).toEqual([500, false]);
  bus.passTo(nanoseconds, device);
  expect([read(0x390), device.acknowledge(), device.nextDeadline()]).toEqual([0, 0x40, Infinity]);
});

test('a periodic timer interrupts again and again, without drift', () => {
  const { bus, device, write } = apic();
  write(0x3e0, 0b1011);
  write(0x320, 0x2_0040);
  write(0x380, 1000);
  bus.now = 1700; // seen late
  device.advance();
  expect(device.nextDeadline()).toBe(2000);
  expect(device.acknowledge()).toBe(0x40);
  write(0xb0, 0);
  bus.passTo(2000, device);
  expect(device.pending).toBe(true);
  write(0x380, 0);
  expect(device.nextDeadline()).toBe(Infinity);
});

test.each([
  { title: 'to itself', command: SELF | 0x400, nmis: 1 },
  { title: 'to its own number', command: 0x400, nmis: 1 },
  { title: 'to all others', command: 0xc_0400, nmis: 0 },
])('a command for an NMI $title is $nmis of them, whatever the vector', ({ command, nmis }) => {
  const { bus, device, write } = apic();
  write(0x310, 0);
  write(0x300, command);
  expect([bus.nmis, device.pending]).toEqual([nmis, false]);
});
