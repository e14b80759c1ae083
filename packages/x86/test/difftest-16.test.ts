import { replayTests } from './replay';

describe('16-bit code', () => {
  replayTests(2, 60_000);
});
