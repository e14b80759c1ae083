import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot, testWith } from '@bzelf/testkit';

testWith(['as', 'ld', 'objcopy', 'nm'], 'the checked-in bytes of the trampoline are what its source gives', () => {
  const script = join(repositoryRoot(), 'packages/loader/test-loaders/support/build-trampoline.mjs');
  expect(execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8' })).toBe('');
});
