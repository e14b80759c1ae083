/** The documentation's commands that need a loader, an emulator or a judge, each page in order with those before them. */
import { blocksOf, checkPage, documentationPages, missingFor, readPage } from '../test/docs-support';

const needsLoaders = (page: string) => blocksOf(readPage(page)).some(({ runBy }) => runBy === 'npm run test:loaders');

describe.each(documentationPages().filter(needsLoaders))('%s', (page) => {
  const missing = missingFor(page);
  const run = () => checkPage(page, ['npm test', 'npm run test:loaders']);
  if (missing.length === 0) test('shows what its commands print', run, 300_000);
  else test.skip(`shows what its commands print [skipped: no ${missing.join(', no ')} here]`, run);
});
