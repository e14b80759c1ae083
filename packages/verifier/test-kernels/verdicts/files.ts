/** What docs/verdicts.md has verdicts of: every kernel, in every form. */
import { readFileSync } from 'node:fs';
import { isBzelfError } from '@bzelf/bytes';
import { openKernel } from '@bzelf/loader';
import { FETCHED_KERNELS, kernel, SMALL_KERNELS, testImage } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { profilesFor } from '../../src/profiles/find';

export interface KernelFile {
  readonly id: string;
  /** Undefined where it was not fetched. */
  readonly path: string | undefined;
}

/** As the page has them. */
export const KERNEL_FILES: readonly KernelFile[] = [
  ...['probe', ...SMALL_KERNELS].map((id) => ({ id, path: testImage(`${id}.bzImage`) })),
  ...FETCHED_KERNELS.map((id) => ({ id, path: kernel(id) })),
];

/** Options of `wrap`; undefined is the bzImage itself. A container is named by its target. */
export const FORMS = {
  bzImage: undefined,
  pvh: { target: 'pvh' },
  universal: { target: 'universal' },
  multiboot: { target: 'multiboot' },
  multiboot2: { target: 'multiboot2' },
  elfboot32: { target: 'elfboot32' },
  inplace: { form: 'inplace', allowEfiLoss: true },
  vmlinux: { form: 'vmlinux' },
} as const satisfies Readonly<Record<string, WrapOptions | undefined>>;
export type FormName = keyof typeof FORMS;
export const FORM_NAMES = Object.keys(FORMS) as readonly FormName[];

/** Undefined for a form that this kernel cannot have. */
export async function fileOf(path: string, form: FormName): Promise<Uint8Array | undefined> {
  const image = new Uint8Array(readFileSync(path));
  const options = FORMS[form];
  try {
    return options === undefined ? image : (await wrap(image, options)).bytes;
  } catch (error) {
    if (!isBzelfError(error)) throw error;
    return undefined;
  }
}

/** The names of all profiles that can start a file. */
export const profileNames = (file: Uint8Array): string[] => profilesFor(openKernel(file)).map(({ name }) => name);
