/** The JUnit report of verify as Debian's python3-junitparser reads it, which CI tools build on. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { screenProgram, testImage, withTempFolder } from '@bzelf/testkit';
import { bzelf } from '../test/tool';

const READER = '/usr/lib/python3/dist-packages/junitparser';

const SCRIPT = `
import json
from junitparser import JUnitXml
report = JUnitXml.fromfile('report.xml')
row = lambda case: [case.name, case.classname, [[type(r).__name__, r.type, r.message] for r in case.result]]
suites = [[s.name, s.tests, s.failures, s.errors, s.skipped, s.time >= 0, [row(case) for case in s]] for s in report]
print(json.dumps({'tests': report.tests, 'failures': report.failures, 'errors': report.errors, 'suites': suites}))
report.update_statistics()
print(json.dumps([report.tests, report.failures, report.errors]))
`;

const title = 'suites, cases, failures and errors are what was verified, and the sums are right';

(existsSync(READER) ? test : test.skip)(existsSync(READER) ? title : `${title} [skipped: no python3-junitparser here]`, () =>
  withTempFolder((folder) => {
    const damaged = readFileSync(testImage('61-64-gzip.bzImage'));
    damaged.writeUInt8(damaged.readUInt8(0x10_0000) ^ 1, 0x10_0000);
    writeFileSync(join(folder, 'damaged'), damaged);
    writeFileSync(join(folder, 'screen <&">'), screenProgram());
    const files = ['damaged', 'screen <&">', 'missing'];
    const { exit } = bzelf(['verify', ...files, '--profile', 'linux32', '--junit', 'report.xml'], { cwd: folder });
    expect(exit).toBe(4);
    const lines = execFileSync('/usr/bin/python3', ['-c', SCRIPT], { cwd: folder, encoding: 'utf8' }).split('\n');
    const [read, sums] = lines.slice(0, 2).map((line) => JSON.parse(line) as unknown);
    expect(sums).toEqual([6, 2, 1]);
    expect(read).toEqual({
      tests: 6,
      failures: 2,
      errors: 1,
      suites: [
        ['damaged', 2, 2, 0, 0, true, [
          ['structure', 'damaged', [['Failure', 'crc/bad', expect.any(String)]]],
          ['payload', 'damaged', [['Failure', 'inner/corrupt', expect.any(String)]]],
        ]],
        ['screen <&">', 3, 0, 0, 0, true, [
          ['structure', 'screen <&">', []],
          ['payload', 'screen <&">', []],
          ['linux32', 'screen <&">', []],
        ]],
        ['missing', 1, 0, 1, 0, true, [
          ['file', 'missing', [['Error', 'io/ENOENT', 'missing: no such file or directory (ENOENT)']]],
        ]],
      ],
    }); // prettier-ignore
  }),
); // prettier-ignore
