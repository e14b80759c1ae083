import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Decoder, DECODE_INVALID, DECODE_TOO_LONG, DECODE_TRUNCATED, LANE, LANES, type CodeSize } from '../src/index';
import { FORMS } from '../src/isa';
import { judge } from './iced-judge';
import { generator, randomCode } from './random-code';

const lanes = new Int32Array(LANES);
const decode = (hex: string, bits: CodeSize = 64) => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return new Decoder().decode(bytes, 0, bytes.length, bits, lanes, 0);
};

describe('iced-x86 agrees on length, operands, sizes and flags', () => {
  const image = (name: string) => {
    const bytes = readFileSync(join(__dirname, '..', '..', '..', 'test-images', name));
    const setup = ((bytes[0x1f1] ?? 0) + 1) * 512;
    const payload = setup + bytes.readUInt32LE(0x248);
    return { bytes, setup, kernel: gunzipSync(bytes.subarray(payload, payload + bytes.readUInt32LE(0x24c))) };
  };

  /** Differences over `count` instructions, from places spread evenly over the range, 200 in a row at each. */
  function sample(bytes: Uint8Array, from: number, to: number, bits: CodeSize, count: number): string[] {
    const differences: string[] = [];
    for (let at = from, n = 0; n < count && at < to; n++) {
      const { length, difference } = judge(bytes, at, to, bits);
      if (difference !== undefined) differences.push(`${at.toString(16)}: ${difference}`);
      at += n % 200 === 199 ? Math.floor(((to - from) * 200) / count) : length;
    }
    return differences.slice(0, 5);
  }

  test.each([
    { name: '61-64-gzip.bzImage', bits: 64 },
    { name: '61-32-gzip.bzImage', bits: 32 },
  ] as const)('over the text of $name', ({ name, bits }) => {
    expect(sample(image(name).kernel, 0x1000, 0x200000, bits, 20_000)).toEqual([]);
  });

  test('over the real-mode setup of a kernel', () => {
    const { bytes, setup } = image('61-32-gzip.bzImage');
    expect(sample(bytes, 0x268, setup, 16, 5_000)).toEqual([]);
  });

  test.each([16, 32, 64] as const)('over random and malformed bytes in %i-bit mode', (bits) => {
    const differences: string[] = [];
    for (let seed = 0; seed < 10_000; seed++) {
      const bytes = randomCode(seed);
      const { difference } = judge(bytes, 0, bytes.length, bits);
      if (difference !== undefined) differences.push(`seed ${seed}: ${difference}`);
    }
    expect(differences.slice(0, 5)).toEqual([]);
  });
});

describe('every form', () => {
  const firstBytes = (row: string): number[] => {
    const words = row.split(' ').filter((word) => /^[0-9A-F]{2}(\+r)?$/.test(word));
    return words.map((word) => parseInt(word, 16));
  };

  test.each([16, 32, 64] as const)('and what iced makes of all ModRM bytes behind it agree in %i-bit mode', (bits) => {
    const next = generator(1);
    const differences: string[] = [];
    for (const { row, encoding } of FORMS.slice(1).filter(({ encoding: own }) => !own.vex && own.opcode >= 0)) {
      for (let n = 0; n < (encoding.modrm ? 32 : 2); n++) {
        const bytes = Uint8Array.from([...firstBytes(row[0]), ...Array.from({ length: 24 }, () => next() & 0xff)]);
        const { difference } = judge(bytes, 0, bytes.length, bits);
        if (difference !== undefined) differences.push(`${row.join(' ; ')}: ${difference}`);
      }
    }
    expect([...new Set(differences)]).toEqual([]);
  });
});

describe('what is no instruction', () => {
  test.each([
    { title: 'an opcode that 64-bit mode took away', hex: '06', bits: 64, result: DECODE_INVALID },
    { title: 'LOCK on a register', hex: 'f0 01 c0', bits: 32, result: DECODE_INVALID },
    { title: 'LOCK on CMP', hex: 'f0 39 00', bits: 32, result: DECODE_INVALID },
    { title: 'CS as the destination of MOV', hex: '8e c8', bits: 32, result: DECODE_INVALID },
    { title: 'CR1', hex: '0f 20 c8', bits: 32, result: DECODE_INVALID },
    { title: 'VEX behind REX', hex: '48 c4 e2 78 f2 c0', bits: 64, result: DECODE_INVALID },
    { title: 'an instruction cut short in its displacement', hex: '8b 80 00 00', bits: 64, result: DECODE_TRUNCATED },
    { title: 'nothing at all', hex: '', bits: 64, result: DECODE_TRUNCATED },
    { title: 'fifteen prefixes and an opcode', hex: `${'66'.repeat(15)}90`, bits: 64, result: DECODE_TOO_LONG },
    { title: 'fourteen prefixes and an opcode', hex: `${'66'.repeat(14)}90`, bits: 64, result: 15 },
    {
      title: 'fourteen prefixes, of which the end is not in sight',
      hex: '66'.repeat(14),
      bits: 64,
      result: DECODE_TRUNCATED,
    },
  ] as const)('$title', ({ hex, bits, result }) => {
    expect(decode(hex, bits)).toBe(result);
  });
});

test('bytes past the end are not looked at', () => {
  const bytes = Buffer.from('b8010000001234', 'hex');
  expect(new Decoder().decode(bytes, 0, 4, 32, lanes, 0)).toBe(DECODE_TRUNCATED);
  expect(new Decoder().decode(bytes, 0, 5, 32, lanes, 0)).toBe(5);
});

test('an instruction can be decoded into any lanes', () => {
  const many = new Int32Array(3 * LANES).fill(-7);
  new Decoder().decode(Buffer.from('b801000000', 'hex'), 0, 5, 32, many, LANES);
  expect([many[LANE.length], many[LANES + LANE.length], many[2 * LANES + LANE.length]]).toEqual([-7, 5, -7]);
});
