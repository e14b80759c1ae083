import { replayTests } from './replay';

describe('64-bit code', () => {
  replayTests(0, 60_000);
});
