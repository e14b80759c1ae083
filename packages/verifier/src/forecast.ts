import { toSource, type ByteSource } from '@bzelf/bytes';
import { LOADERS } from './loaders/index.js';
import type { Forecast } from './loaders/loader.js';
import { openSubject } from './subject.js';

export interface LoaderForecast extends Forecast {
  readonly loader: string;
}

/** What each known loader will do with a file, by its rules. Throws what openKernel throws. */
export function forecastLoaders(input: Uint8Array | ByteSource): LoaderForecast[] {
  const subject = openSubject(toSource(input));
  return LOADERS.map((loader) => ({ loader: loader.name, ...loader.forecast(subject) }));
}
