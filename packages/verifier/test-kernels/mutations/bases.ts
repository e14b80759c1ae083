/** Good files that the suite breaks: each is made once, and passes before anything is done to it. */
import { readFileSync } from 'node:fs';
import { kernel, SMALL_KERNELS, testImage, type FetchedKernel } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { smallKernel, type Inside } from './small-kernel';

export interface Base {
  readonly image: (typeof SMALL_KERNELS)[number] | FetchedKernel;
  readonly options?: WrapOptions;
  /** The profile that is run where a mutation names no other. */
  readonly by: string;
  /** With all of its kernel: nothing has to be unpacked. */
  readonly whole?: boolean;
}

const GZIP = '61-64-gzip';
const GZIP_32 = '61-32-gzip';

// prettier-ignore
export const BASES = {
  'bzImage':      { image: GZIP,    by: 'linux64' },
  'bzImage 32':   { image: GZIP_32, by: 'linux32' },
  'bzip2':        { image: '61-64-bzip2', by: 'linux64' },
  'lzma':         { image: '61-64-lzma',  by: 'linux64' },
  'lzo':          { image: '61-64-lzo',   by: 'linux64' },
  'lz4':          { image: 'debian-6.1-cloud',      by: 'linux64' },
  'zstd':         { image: 'debian-6.12-cloud',     by: 'linux64' },
  'xz':           { image: 'debian-6.1-amd64',      by: 'linux64' },
  'xz 32':        { image: 'debian-installer-i386', by: 'linux32' },
  'container':    { image: GZIP,    by: 'pvh',        options: {} },
  'container 32': { image: GZIP_32, by: 'pvh',        options: {} },
  'universal':    { image: GZIP,    by: 'multiboot',  options: { target: 'universal' } },
  'multiboot':    { image: GZIP,    by: 'multiboot',  options: { target: 'multiboot' } },
  'multiboot2':   { image: GZIP,    by: 'multiboot2', options: { target: 'multiboot2' } },
  'linux64':      { image: GZIP,    by: 'linux64',    options: { target: 'linux64' } },
  'elfboot32':    { image: GZIP,    by: 'filo',       options: { target: 'elfboot32' } },
  'inplace':      { image: GZIP,    by: 'linux64',    options: { form: 'inplace' } },
  'inplace 32':   { image: GZIP_32, by: 'linux32',    options: { form: 'inplace' } },
  'whole':        { image: GZIP,    by: 'linux64', whole: true },
  'vmlinux':      { image: GZIP,    by: 'linux64',    options: { form: 'vmlinux' }, whole: true },
  'vmlinux 32':   { image: GZIP_32, by: 'linux32',    options: { form: 'vmlinux' }, whole: true },
} as const satisfies Readonly<Record<string, Base>>;

export type BaseName = keyof typeof BASES;
export const BASE_NAMES = Object.keys(BASES) as BaseName[];
export const baseOf = (name: BaseName): Base => BASES[name];

const isFetched = (id: Base['image']): id is FetchedKernel => !SMALL_KERNELS.some((small) => small === id);

/** Undefined where the kernel was not fetched. */
export const pathOf = ({ image }: Base): string | undefined =>
  isFetched(image) ? kernel(image) : testImage(`${image}.bzImage`);

const images = new Map<string, Promise<Uint8Array>>();

/** The kernel with less inside, or with something else inside. */
export async function imageOf(base: Base, inside?: Inside): Promise<Uint8Array> {
  const bytes = () => new Uint8Array(readFileSync(pathOf(base) ?? ''));
  if (inside !== undefined) return smallKernel(bytes(), inside);
  const key = `${base.image} ${base.whole === true}`;
  const made = images.get(key) ?? (base.whole === true ? Promise.resolve(bytes()) : smallKernel(bytes()));
  images.set(key, made);
  return made;
}

const files = new Map<string, Promise<Uint8Array>>();

/** A fresh copy of the file. */
export async function fileOf(base: Base, inside?: Inside): Promise<Uint8Array> {
  const key = JSON.stringify([base.image, base.options, base.whole]);
  const known = inside === undefined ? files.get(key) : undefined;
  const made = known ?? imageOf(base, inside).then((image) => wrappedOr(image, base.options));
  if (inside === undefined) files.set(key, made);
  return (await made).slice();
}

const wrappedOr = async (image: Uint8Array, options: WrapOptions | undefined): Promise<Uint8Array> =>
  options === undefined ? image : (await wrap(image, options)).bytes;
