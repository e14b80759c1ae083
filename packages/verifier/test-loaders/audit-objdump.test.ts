/** The privileged instructions and segment loads that a run tells of are those that objdump has in the image. */
import { readFileSync } from 'node:fs';
import { testImage, testWith, type Judge } from '@bzelf/testkit';
import { verify } from '../src/verify';

const LOADED = 0x100_0000n;
/** From the 32-bit entry to the far return into 64-bit code nothing is jumped over but calls. Source: Linux head_64.S, startup_32. */
const STARTUP_32 = { start: LOADED, end: LOADED + 0x112n };
const PRIVILEGED = /^(cli|l[gil]dt|lldt|ltr|rdmsr|wrmsr|mov +cr\d|mov +\w+,cr\d)/;
const SEGMENT_LOAD = /^(mov +[defgs]s,|retf)/;

/** `address: instruction` of 32-bit code of the image. */
function disassemble(objdump: Judge, image: Uint8Array): string[] {
  const words = ['-D', '-b', 'binary', '-m', 'i386', '-M', 'intel', `--adjust-vma=${LOADED}`];
  const range = [`--start-address=${STARTUP_32.start}`, `--stop-address=${STARTUP_32.end}`];
  const text = objdump.textOf(image, [...words, ...range]);
  return [...text.matchAll(/^ *([\da-f]+):\t[^\t]+\t(.*)$/gm)].map(
    ([, rip = '', instruction = '']) => `${rip}: ${spelled(instruction)}`,
  );
}

/** Where objdump and iced have another taste. */
const spelled = (text: string): string =>
  text
    .replace(/^l([gi])dtd/, 'l$1dt')
    .replace(/ +/g, ' ')
    .trim();

const isInside = ({ rip }: { readonly rip: bigint }) => rip >= STARTUP_32.start && rip < STARTUP_32.end;
const shown = ({ rip, text }: { readonly rip: bigint; readonly text: string }) => `${rip.toString(16)}: ${text}`;
const code = (line: string): string => line.replace(/^\S+ /, '');

jest.setTimeout(60_000);

testWith(['objdump'], 'from the 32-bit entry to 64-bit code, each one is told of, and no other', async (objdump) => {
  const file = readFileSync(testImage('61-64-gzip.bzImage'));
  const image = file.subarray(((file[0x1f1] ?? 0) + 1) * 512);
  const { runs } = await verify(file, { ram: 64 << 20, profiles: ['linux32'] });
  const audit = runs[0]?.audit;
  const lines = disassemble(objdump, image);
  expect((audit?.privileged ?? []).filter(isInside).map(shown)).toEqual(
    lines.filter((line) => PRIVILEGED.test(code(line))),
  );
  const loads = (audit?.segmentLoads ?? []).filter((own) => isInside(own) && own.delivery === undefined);
  expect(loads.map(shown)).toEqual(lines.filter((line) => SEGMENT_LOAD.test(code(line))));
  expect(loads).toHaveLength(7);
});
