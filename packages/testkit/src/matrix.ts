/** A row of the table in docs/loaders.md. */
export interface MatrixRow {
  /** The loader's name; scripts/loader-matrix.mjs knows where its version is found. */
  readonly loader: string;
  /** Its command, module or machine. */
  readonly way: string;
  /** Form and target: `container pvh`. */
  readonly file: string;
  readonly kernel: string;
}

/** The title of a `describe` whose tests are that row's result; scripts/loader-matrix.mjs reads it back. */
export const matrixTitle = ({ loader, way, file, kernel }: MatrixRow): string =>
  `${loader} (${way}): ${file} of ${kernel}`;
