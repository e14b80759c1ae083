import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@bzelf/testkit';
import { openKernel, pcMemoryMap, planLoad } from '../src/index.js';
import { small } from './fixtures.js';

test('the README prints what its sample prints', () => {
  const text = readFileSync(join(repositoryRoot(), 'packages/loader/README.md'), 'utf8');
  const plan = planLoad(openKernel(small('61-64-gzip')), {
    memoryMap: pcMemoryMap(512n << 20n),
    cmdline: 'console=ttyS0',
  });
  const lines = plan.copies.map(({ to, purpose }) => `0x${to.toString(16)} ${purpose}`);
  expect(/prints\n\n```\n([\s\S]*?)```/.exec(text)?.[1]).toBe(
    `${[`${plan.protocol} 0x${plan.entry.toString(16)}`, ...lines].join('\n')}\n`,
  );
});
