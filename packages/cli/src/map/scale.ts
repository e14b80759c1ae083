/** Vertical positions for addresses: each stretch between two boundaries gets room for its words, not for its bytes. */

interface Extent {
  readonly start: bigint;
  readonly length: bigint;
}

export interface AddressScale {
  /** Pixels. */
  readonly height: number;
  /** Distance of an address from the top; higher addresses lie above. */
  y(address: bigint): number;
  /** Stretches that nobody claims. */
  readonly cuts: readonly { readonly start: bigint; readonly end: bigint }[];
  /** The boundaries, with the label moved up where labels would touch. */
  readonly labels: readonly { readonly address: bigint; readonly labelY: number }[];
}

/** Pixels. */
export interface ScaleSizes {
  readonly cut: number;
  /** A stretch of 4 KiB gets the least height; each doubling adds some. */
  readonly least: number;
  readonly perDoubling: number;
}

const SIZES: ScaleSizes = { cut: 26, least: 22, perDoubling: 5 };
const LABEL_STEP = 14;

export function addressScale(extents: readonly Extent[], points: readonly bigint[], sizes = SIZES): AddressScale {
  const bounds = boundaries(extents);
  const steps = bounds.slice(1).map((end, i) => {
    const start = bounds[i] ?? end;
    const claimed = extents.some((extent) => extent.start < end && start < extent.start + extent.length);
    return { start, end, claimed, height: claimed ? claimedHeight(sizes, points, start, end) : sizes.cut };
  });
  const height = steps.reduce((sum, step) => sum + step.height, 0);
  const y = (address: bigint): number => {
    let bottom = height;
    for (const step of steps) {
      if (address < step.end) return address <= step.start ? bottom : bottom - step.height * share(address, step);
      bottom -= step.height;
    }
    return bottom;
  };
  return { height, y, cuts: steps.filter((step) => !step.claimed), labels: labelsOf(bounds, y) };
}

function boundaries(extents: readonly Extent[]): bigint[] {
  const all = new Set(extents.flatMap(({ start, length }) => [start, start + length]));
  return [...all].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function claimedHeight(sizes: ScaleSizes, points: readonly bigint[], start: bigint, end: bigint): number {
  const doublings = Math.max(0, (end - start).toString(2).length - 12);
  const inside = points.filter((point) => start <= point && point < end).length;
  return Math.max(sizes.least + sizes.perDoubling * doublings, 12 * inside);
}

const share = (address: bigint, { start, end }: { start: bigint; end: bigint }): number =>
  Number(((address - start) * 10000n) / (end - start)) / 10000;

/** From the bottom up, each label at least one line above the one below it. */
function labelsOf(bounds: readonly bigint[], y: (address: bigint) => number) {
  let below = Infinity;
  return bounds.map((address) => {
    const labelY = Math.min(y(address), below - LABEL_STEP);
    below = labelY;
    return { address, labelY };
  });
}
