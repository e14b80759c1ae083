import type { KernelImage } from '@bzelf/loader';
import { executionFinding } from '../execution/findings.js';
import type { Finding } from '../finding.js';
import { profilesFor } from './find.js';

/** A file that nothing was proved of, because no profile can start it. */
export function unenteredFindings(kernel: KernelImage): Finding[] {
  if (profilesFor(kernel).length > 0) return [];
  const found = kernel.entries.map(({ protocol }) => protocol).join(', ');
  return found === ''
    ? [executionFinding('run/no-entry', { found: 'no entry' })]
    : [executionFinding('run/no-profile', { field: 'entries', found, expected: 'an entry that a profile can start' })];
}
