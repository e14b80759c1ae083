/** What the text report says of runs over a BIOS and in ring 1. */
import type { ProfileReport } from '@bzelf/verifier';
import { specialText } from '../src/verify/special-runs';
import { PLAIN } from '../src/print/paint';

const RUN: ProfileReport = {
  profile: 'linux16', protocol: 'linux16', verdict: 'pass', reached: 'entry', ended: 'kernel entered', instructions: 1n, comparedBytes: 0,
  phases: [], ranges: [], touches: [], serial: '', serialMarks: [], findings: [], seconds: 0,
}; // prettier-ignore
const place = { phase: 'before copy', first: 1n } as const;

test('a BIOS that knew everything is not mentioned', () => {
  const bios = [{ call: 'int 12h', name: 'memory below the EBDA', answer: 'answered', count: 1 }] as const;
  expect(specialText([RUN, { ...RUN, bios }], PLAIN)).toEqual([]);
});

test('functions that the BIOS does not know are listed', () => {
  const bios = [{ call: 'int 15h, ah=12', name: 'unknown', answer: 'unknown', count: 3 }] as const;
  expect(specialText([{ ...RUN, bios }], PLAIN).join('')).toBe(
    '\nasked of the BIOS, which does not know it, by linux16:\n  int 15h, ah=12  3 times\n',
  );
});

test('what a monitor has done in ring 1 is a table, with what it could not do', () => {
  const ring1 = {
    trapped: [{ ...place, rip: 0x100_0001n, text: 'cli', reason: 'iopl', times: 1 }],
    sensitive: [{ ...place, rip: 0x100_0025n, text: 'popf', times: 2 }],
    longMode: true,
  } as const;
  expect(specialText([{ ...RUN, profile: 'ring1-pae', ring1 }], PLAIN).join('')).toBe(
    [
      '\ndone for the kernel in ring 1, to 64-bit mode, by ring1-pae:\n',
      '  0x1000001  cli   iopl           once\n',
      '  0x1000025  popf  does not trap  2 times\n',
    ].join(''),
  );
});
