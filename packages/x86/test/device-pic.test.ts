import { PicPair } from '../src/devices/index';
import { TestBus } from './device-bus';

function pic(...icw4: number[]) {
  const device = new PicPair();
  device.attach(new TestBus());
  const out = (port: number, value: number) => device.out(port, 1, value);
  // as Linux does it: vectors 0x30 and 0x38, slave on input 2
  for (const [base, vector, cascade] of [
    [0x20, 0x30, 4],
    [0xa0, 0x38, 2],
  ] as const) {
    // prettier-ignore
    out(base, 0x11);
    out(base + 1, vector);
    out(base + 1, cascade);
    out(base + 1, icw4[0] ?? 0x01);
  }
  const raise = (irq: number) => device.setLine(irq, true);
  const lower = (irq: number) => device.setLine(irq, false);
  return { device, out, raise, lower, read: (port: number) => device.in(port) };
}

test('firmware has left everything masked', () => {
  const device = new PicPair();
  device.attach(new TestBus());
  for (let irq = 0; irq < 16; irq++) device.setLine(irq, true);
  expect([device.pending, device.in(0x21), device.in(0xa1)]).toEqual([false, 0xff, 0xff]);
});

test.each([
  { irq: 0, vector: 0x30 },
  { irq: 7, vector: 0x37 },
  { irq: 8, vector: 0x38 },
  { irq: 15, vector: 0x3f },
])('input $irq comes as vector $vector', ({ irq, vector }) => {
  const { device, raise } = pic();
  expect(device.pending).toBe(false);
  raise(irq);
  expect([device.pending, device.acknowledge(), device.pending]).toEqual([true, vector, false]);
});

test('the lower number goes first, and holds back the others until its end', () => {
  const { device, raise, out } = pic();
  raise(4);
  raise(1);
  expect([device.acknowledge(), device.pending]).toEqual([0x31, false]);
  raise(0); // more urgent than what is in service
  expect([device.acknowledge(), device.pending]).toEqual([0x30, false]);
  out(0x20, 0x20);
  expect(device.pending).toBe(false);
  out(0x20, 0x20);
  expect([device.acknowledge(), device.pending]).toEqual([0x34, false]);
});

test('the slave counts as input 2', () => {
  const { device, raise, out } = pic();
  raise(8);
  raise(3);
  expect(device.acknowledge()).toBe(0x38);
  expect(device.pending).toBe(false);
  out(0xa0, 0x20);
  expect(device.pending).toBe(false);
  out(0x20, 0x62); // specific end of input 2
  expect(device.acknowledge()).toBe(0x33);
});

test('masks hold back and do not lose', () => {
  const { device, raise, out, read } = pic();
  out(0x21, 0x10);
  raise(4);
  expect([device.pending, read(0x20), read(0x21)]).toEqual([false, 0x10, 0x10]);
  out(0x21, 0);
  expect(device.pending).toBe(true);
});

test('an edge is one interrupt, a level is one for as long as it lasts', () => {
  const { device, raise, lower, out } = pic();
  out(0x4d0, 0x20);
  for (const irq of [4, 5]) raise(irq);
  expect([device.acknowledge(), device.pending]).toEqual([0x34, false]);
  out(0x20, 0x20);
  for (let again = 0; again < 3; again++) {
    expect(device.acknowledge()).toBe(0x35);
    out(0x20, 0x20);
  }
  lower(5);
  expect(device.pending).toBe(false);
});

test('timer, keyboard and cascade cannot be levels', () => {
  const { out, read } = pic();
  out(0x4d0, 0xff);
  out(0x4d1, 0xff);
  expect([read(0x4d0), read(0x4d1)]).toEqual([0xf8, 0xde]);
});

test.each([
  { title: 'the master', irq: 4, vector: 0x37, masterInService: 0x00, slaveInService: 0 },
  { title: 'the slave', irq: 10, vector: 0x37, masterInService: 0x00, slaveInService: 0 },
])('a request that is gone before it is taken gives input 7 of $title, in service nowhere', (row) => {
  const { device, raise, lower, out, read } = pic();
  raise(row.irq);
  lower(row.irq);
  expect(device.pending).toBe(false);
  expect(device.acknowledge()).toBe(row.vector);
  out(0x20, 0x0b);
  out(0xa0, 0x0b);
  expect([read(0x20), read(0xa0)]).toEqual([row.masterInService, row.slaveInService]);
});

test('requests and what is in service can be read', () => {
  const { device, raise, out, read } = pic();
  raise(1);
  raise(12);
  expect([read(0x20), read(0xa0)]).toEqual([0x06, 0x10]);
  device.acknowledge();
  out(0x20, 0x0b);
  expect(read(0x20)).toBe(0x02);
  out(0x20, 0x0a);
  expect(read(0x20)).toBe(0x04);
});

test('automatic end of interrupt leaves nothing in service', () => {
  const { device, raise } = pic(0x03);
  raise(1);
  raise(5);
  expect([device.acknowledge(), device.acknowledge(), device.pending]).toEqual([0x31, 0x35, false]);
});

test('rotation makes the one that was served the last', () => {
  const { device, raise, lower, out } = pic();
  raise(3);
  device.acknowledge();
  out(0x20, 0xa0);
  lower(3);
  raise(3);
  raise(4);
  expect(device.acknowledge()).toBe(0x34);
  out(0x20, 0xc6); // 6 is the last: 7 is the first
  out(0x20, 0x60 | 4);
  raise(0);
  raise(7);
  expect(device.acknowledge()).toBe(0x37);
});

test('the special mask lets lower ones through while one is in service', () => {
  const { device, raise, out } = pic();
  raise(1);
  device.acknowledge();
  raise(6);
  expect(device.pending).toBe(false);
  out(0x21, 0x02);
  out(0x20, 0x68);
  expect(device.acknowledge()).toBe(0x36);
});

test('fully nested: a more urgent input of the slave interrupts a less urgent one', () => {
  const { device, raise } = pic(0x11);
  raise(12);
  expect(device.acknowledge()).toBe(0x3c);
  raise(9);
  expect(device.acknowledge()).toBe(0x39);
});

test('polling takes the interrupt', () => {
  const { device, raise, out, read } = pic();
  out(0x20, 0x0c);
  expect(read(0x20)).toBe(0);
  raise(3);
  out(0x20, 0x0c);
  expect([read(0x20), device.pending]).toEqual([0x83, false]);
  out(0x20, 0x20);
  expect(device.pending).toBe(false);
});

test('a saved pair goes on with what was in service', () => {
  const { device, raise } = pic();
  raise(3);
  device.acknowledge();
  raise(1);
  const copy = pic();
  copy.device.restore(structuredClone(device.save()));
  expect([copy.device.acknowledge(), copy.device.pending]).toEqual([0x31, false]);
});
