import { replayTests } from './replay';

describe('32-bit code', () => {
  replayTests(1, 60_000);
});
