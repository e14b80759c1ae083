import { verify, type VerifyOptions } from '@bzelf/verifier';
import { openInput } from '../io.js';
import { errorFacts } from '../print/error.js';
import { collectGarbage } from './garbage.js';
import { measureFile } from './measure.js';
import type { Outcome } from './outcome.js';

/** Verifies one file, and writes it to `measured` with the ranges that it needed. Throws nothing: what goes wrong is its outcome. */
export async function verifyOne(file: string, options: VerifyOptions, measured?: string): Promise<Outcome> {
  try {
    if (measured !== undefined) return { file, report: await measureFile(file, measured, options) };
    const input = openInput(file);
    try {
      return { file, report: await verify(input, { ...options, onRun: collectGarbage }) };
    } finally {
      input.close();
    }
  } catch (error) {
    return { file, error: errorFacts(error) };
  }
}
