import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instructionsPage } from '../difftest/page';

test('docs/instructions.md is the page of the table (else: node scripts/instructions-page.mjs)', () => {
  expect(readFileSync(join(__dirname, '..', '..', '..', 'docs', 'instructions.md'), 'utf8')).toBe(instructionsPage());
});
