import { Pit, PIT_HZ } from '../src/devices/index';
import { TestBus } from './device-bus';

/** An 8254 with the clock of the test in ticks, and channel `channel` set up. */
function pit(channel: number) {
  const bus = new TestBus();
  const device = new Pit();
  device.attach(bus);
  const out = (port: number, value: number) => device.out(port, 1, value);
  const read = (port: number) => device.in(port);
  const at = (tick: number) => void bus.passTo(Math.ceil((tick * 1e9) / PIT_HZ) + 400, device);
  return {
    bus,
    device,
    out,
    read,
    at,
    /** Control word, then the count. */
    start(mode: number, count: number, bcd = 0) {
      out(0x43, (channel << 6) | 0x30 | (mode << 1) | bcd);
      out(0x40 + channel, count & 0xff);
      out(0x40 + channel, count >> 8);
    },
    count() {
      out(0x43, channel << 6);
      return read(0x40 + channel) | (read(0x40 + channel) << 8);
    },
    output: () => (channel === 2 ? (read(0x61) & 0x20) !== 0 : bus.lines.get(0) === true),
    gate: (on: boolean) => out(0x61, on ? 1 : 0),
  };
}
/** The output at ticks 0, 1, 2 … after the count was written. */
const wave = (channel: ReturnType<typeof pit>, ticks: number) =>
  Array.from({ length: ticks }, (_, tick) => {
    channel.at(1000 + tick);
    return channel.output() ? 'H' : 'L';
  }).join('');

// the figures of the data sheet: the count is in the counter one tick after it was written, at tick 1
// prettier-ignore
test.each([
  { title: 'mode 0, 4: low for N + 1 ticks',              mode: 0, count: 4, expected: 'LLLLLHHHHHHH' },
  { title: 'mode 2, 3: low in the last tick of each N',   mode: 2, count: 3, expected: 'HHHLHHLHHLHH' },
  { title: 'mode 3, 4: two high, two low',                mode: 3, count: 4, expected: 'HHHLLHHLLHHL' },
  { title: 'mode 3, 5: three high, two low',              mode: 3, count: 5, expected: 'HHHHLLHHHLLH' },
  { title: 'mode 4, 4: low for the one tick after N',     mode: 4, count: 4, expected: 'HHHHHLHHHHHH' },
])('$title', ({ mode, count, expected }) => {
  for (const channel of [0, 2]) {
    const counter = pit(channel);
    counter.gate(true);
    counter.at(1000);
    counter.start(mode, count);
    expect(wave(counter, expected.length)).toBe(expected);
  }
});

// prettier-ignore
test.each([
  { title: 'mode 1, 3: low for N ticks from the trigger', mode: 1, expected: 'HLLLHHHHH' },
  { title: 'mode 5, 3: low for one tick N ticks after it', mode: 5, expected: 'HHHHLHHHH' },
])('$title', ({ mode, expected }) => {
  const counter = pit(2);
  counter.start(mode, 3);
  counter.at(1000);
  expect(counter.output()).toBe(true);
  counter.gate(true);
  expect(wave(counter, expected.length)).toBe(expected);
});

test.each([
  { title: 'mode 0 counts through zero', mode: 0, count: 3, values: [3, 3, 2, 1, 0, 0xffff, 0xfffe] },
  { title: 'mode 2 reloads after one', mode: 2, count: 3, values: [3, 3, 2, 1, 3, 2, 1] },
  { title: 'mode 3 counts an even number by two', mode: 3, count: 4, values: [4, 4, 2, 4, 2, 4] },
  { title: 'mode 3 counts an odd number by two, from one less', mode: 3, count: 5, values: [4, 4, 2, 0, 4, 2, 4] },
])('$title', ({ mode, count, values }) => {
  const counter = pit(2);
  counter.gate(true);
  counter.at(1000);
  counter.start(mode, count);
  const seen = values.map((_, tick) => {
    counter.at(1000 + tick);
    return counter.count();
  });
  expect(seen).toEqual(values);
});

test('a decimal count goes down in decimal digits, and through 9999', () => {
  const counter = pit(2);
  counter.gate(true);
  counter.at(1000);
  counter.start(0, 0x1000, 1);
  counter.at(1002);
  expect(counter.count()).toBe(0x0999);
  counter.at(2002);
  expect(counter.count()).toBe(0x9999);
});

test('a gate that falls holds mode 0, and lets it go on', () => {
  const counter = pit(2);
  counter.gate(true);
  counter.at(1000);
  counter.start(0, 100);
  counter.at(1011);
  counter.gate(false);
  counter.at(5000);
  expect(counter.count()).toBe(90);
  counter.gate(true);
  counter.at(5089);
  expect(counter.output()).toBe(false);
  counter.at(5090);
  expect(counter.output()).toBe(true);
});

test('a gate that falls takes mode 2 high, and one that rises starts the period anew', () => {
  const counter = pit(2);
  counter.gate(true);
  counter.at(1000);
  counter.start(2, 100);
  counter.at(1050);
  counter.gate(false);
  counter.at(1100);
  expect(counter.output()).toBe(true);
  counter.gate(true);
  counter.at(1101);
  expect(counter.count()).toBe(100);
});

test('a new count of mode 2 waits for the end of the period', () => {
  const counter = pit(0);
  counter.at(1000);
  counter.start(2, 5);
  counter.at(1002);
  counter.out(0x40, 3);
  counter.out(0x40, 0);
  expect(wave(counter, 13).slice(2)).toBe('HHHLHHLHHLH');
});

test('a latched count stays until it is read, low byte first', () => {
  const counter = pit(2);
  counter.gate(true);
  counter.at(1000);
  counter.start(0, 0x1234);
  counter.at(1001);
  counter.out(0x43, 0x80);
  counter.at(2000);
  counter.out(0x43, 0x80);
  expect([counter.read(0x42), counter.read(0x42)]).toEqual([0x34, 0x12]);
  expect(counter.read(0x42)).toBe((0x1234 - 999) & 0xff);
});

test('read-back gives the status before the count', () => {
  const counter = pit(0);
  counter.at(1000);
  counter.start(2, 0x1234);
  counter.out(0x43, 0xc2);
  expect([counter.read(0x40), counter.read(0x40), counter.read(0x40)]).toEqual([0x80 | 0x40 | 0x34, 0x34, 0x12]);
  counter.at(1001);
  counter.out(0x43, 0xe2);
  expect(counter.read(0x40)).toBe(0x80 | 0x34);
});

test('a thousand interrupts a second, no more and no less', () => {
  const counter = pit(0);
  counter.start(2, 1193);
  const before = counter.bus.edges.get(0) ?? 0;
  const stops = counter.bus.passTo(counter.bus.now + 1e9, counter.device);
  expect((counter.bus.edges.get(0) ?? 0) - before).toBe(1000);
  expect(stops).toBeLessThanOrEqual(2 * 1001);
});

test('a long sleep costs no more than a few changes, and gives one edge', () => {
  const counter = pit(0);
  counter.start(2, 2);
  const before = counter.bus.edges.get(0) ?? 0;
  counter.bus.now = 3600e9;
  counter.device.advance();
  const edges = (counter.bus.edges.get(0) ?? 0) - before;
  expect(edges).toBeGreaterThanOrEqual(1);
  expect(edges).toBeLessThanOrEqual(3);
});

test('port 0x61 keeps its four bits and shows the refresh', () => {
  const { bus, out, read } = pit(2);
  out(0x61, 0xff);
  expect(read(0x61) & 0xcf).toBe(0x0f);
  const first = read(0x61) & 0x10;
  bus.now += 15_100;
  expect(read(0x61) & 0x10).not.toBe(first);
});

test('deadlines always lie ahead', () => {
  const counter = pit(0);
  for (const mode of [0, 2, 3, 4]) {
    for (const count of [1, 2, 3, 7, 0xffff]) {
      counter.start(mode, count);
      for (let step = 0; step < 50; step++) {
        const due = counter.device.nextDeadline();
        if (due === Infinity) break;
        expect(due).toBeGreaterThan(counter.bus.now);
        counter.bus.now = due;
        counter.device.advance();
      }
    }
  }
});
