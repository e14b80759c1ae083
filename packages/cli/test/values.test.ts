import { UsageError } from '../src/exit';
import { parseMemoryMap, parseNote, parseNumber, parseRange, parseSize, parseSubarch } from '../src/values';
import { PROTOCOL_CHOICES, READER_CHOICES, TARGET_CHOICES, FORM_CHOICES, TIER_CHOICES } from '../src/commands/names';
import { NOTE_READERS } from '@bzelf/elf';
import { PLAN_PROTOCOLS } from '@bzelf/loader';
import { FORMS, TARGET_NAMES } from '@bzelf/writer';
import { TIERS } from '@bzelf/x86';

test('the choices of options are the lists of the libraries', () => {
  expect(FORM_CHOICES).toEqual(FORMS);
  expect(TARGET_CHOICES).toEqual(TARGET_NAMES);
  expect(PROTOCOL_CHOICES).toEqual(PLAN_PROTOCOLS);
  expect(READER_CHOICES).toEqual(NOTE_READERS);
  expect(TIER_CHOICES).toEqual(TIERS);
});

// prettier-ignore
const SIZES = [
  { text: '4096', size: 4096n }, { text: '0x1000', size: 4096n }, { text: '512M', size: 512n << 20n },
  { text: '2g', size: 2n << 30n }, { text: '64KiB', size: 65536n },
];
test.each(SIZES)('$text is a size', ({ text, size }) => expect(parseSize(text, '--x')).toBe(size));
test.each(['', 'M', '1.5G', '-1', '0x', '1 M', '1P'])('"%s" is no size', (text) => {
  expect(() => parseSize(text, '--x')).toThrow(UsageError);
});

test('a number has at most 64 bits', () => {
  expect(parseNumber('0xffffffffffffffff', '--x')).toBe((1n << 64n) - 1n);
  expect(() => parseNumber('0x10000000000000000', '--x')).toThrow(UsageError);
});

// prettier-ignore
const SUBARCHS = [
  { text: 'xen', subarch: 2, data: 0n }, { text: 'ce4100:0x1000', subarch: 4, data: 0x1000n }, { text: '77', subarch: 77, data: 0n },
];
test.each(SUBARCHS)('--subarch $text', ({ text, ...value }) => expect(parseSubarch(text)).toEqual(value));
test.each(['amiga', '1:2:3', '0x100000000', 'xen:'])('--subarch %s is refused', (text) => {
  expect(() => parseSubarch(text)).toThrow(UsageError);
});

// prettier-ignore
const NOTES = [
  { text: 'Me:5=hex:00ff',      note: { owner: 'Me', type: 5, desc: Uint8Array.of(0, 0xff) } },
  { text: 'Me:0x10=text:a=b:c', note: { owner: 'Me', type: 16, desc: new TextEncoder().encode('a=b:c\0') } },
];
test.each(NOTES)('--note $text', ({ text, note }) => expect(parseNote(text)).toEqual(note));
test('--note OWNER:TYPE=@FILE takes the bytes of the file', () => {
  expect(new TextDecoder().decode(parseNote(`Me:1=@${__filename}`).desc)).toMatch(/^import/);
});

test('--map tells purpose, range, access and whether it is optional', () => {
  expect(parseRange('framebuffer:0xe0000000+16M:rw:optional')).toMatchObject({
    purpose: 'framebuffer',
    start: 0xe0000000n,
    length: 16n << 20n,
    read: true,
    write: true,
    execute: false,
    required: false,
  });
});
test.each(['framebuffer:0:rw', 'garden:0+1:r', 'image:0+0:r', 'image:0xfffffffffffff000+2M:r', 'image:0+1:q'])(
  '--map %s is refused',
  (text) => {
    expect(() => parseRange(text)).toThrow(UsageError);
  },
);

test('a memory map is a line for each range', () => {
  const map = parseMemoryMap(
    '# a machine\n0 640K ram\n0xf0000 64K reserved\n\n0x100000 511M # RAM\n0xfec00000 4096 7\n',
    'm',
  );
  expect(map.map(({ start, length, type }) => [start, length, type])).toEqual([
    [0n, 0xa0000n, 1],
    [0xf0000n, 0x10000n, 2],
    [0x100000n, 511n << 20n, 1],
    [0xfec00000n, 4096n, 7],
  ]);
  expect(() => parseMemoryMap('0 1 ram ram', 'm')).toThrow('m, line 1');
});
