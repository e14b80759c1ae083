/**
 * Where things lie in the one WebAssembly memory of a machine. Translated code has these numbers in its instructions.
 *
 * A tag is the linear address of a page whose bytes may all be read (or written) by plain loads (or stores) at the current privilege; its place
 * is given by bits 12 to 27 of that address. An access of `size` bytes at `ea` is plain when the tag at `ea`'s place is `(ea + size - 1) & -4096`:
 * one comparison that covers presence, permission, all 64 bits of the address, the straddling of pages, devices, code, and first touches. The
 * addend of the same place is physical minus linear address, modulo 2^32; it is 0 as long as everything is mapped to itself.
 */
export const TAG_COUNT = 0x10000;
/** No page has this address: its low bits are not 0. */
export const NO_PAGE = 1;
export const NO_TAG = NO_PAGE;

// prettier-ignore
export const LAYOUT = {
  state:        0x00_1000, // STATE_SIZE bytes; in front of it are zeros
  readTags:     0x10_0000, // TAG_COUNT of 8 bytes each
  writeTags:    0x18_0000,
  readAddends:  0x20_0000, // TAG_COUNT of 4 bytes each
  writeAddends: 0x24_0000,
  dispatch:     0x28_0000, // the dispatcher's table of entries
  places:       0x2c_0000, // PLACES of 4 bytes each: which slot has the instruction that was decoded there
  profile:      0x30_0000, // how often blocks were entered: Profile
  slots:        0x40_0000, // PLACES + 1 of SLOT_BYTES each: decoded instructions
  pages:        0xc1_0000, // a byte for each page of RAM: PAGE
  tagNotes:     0xcd_0000, // TAG_COUNT bytes: where a tag came from
  filled:       0xce_0000, // TAG_COUNT of 2 bytes: places that may hold a tag
  tallies:      0xd0_0000, // words: TALLY
  ram:         0x100_0000, // guest physical address 0; behind it the touch log, TOUCH_BYTES for each page and kind of touch
} as const;

/**
 * What is known of a page of RAM. 0, as memory begins: everything may be done with all of its bytes, and nothing was. `touched`: a bit for each kind of TOUCH;
 * `denied`: one for each RIGHT that not all bytes have.
 */
export const PAGE = { touched: 0x0f, denied: 0x70, code: 0x80 } as const;
export const DENIED_SHIFT = 4;

/** The first touch of a page in one way: count and rIP, 8 bytes each. There are four ways, and an array for each. */
export const TOUCH_BYTES = 16;

/** Words that both JavaScript and WebAssembly count in: pages by kind of touch, pages that were touched at all, places in `filled`, log2 of the largest page in the tags. */
export const TALLY = {
  touched: 0,
  inside: 4,
  filled: 5,
  largest: 6,
  /** The size of RAM. */ ram: 7,
  words: 8,
} as const;

/** The most that fits behind the rest, and that `pages` has bytes for. */
export const RAM_MAX = 0xc000_0000;

/**
 * What the easy way to a page (`handlers/easy-way.ts`) depends on: that there is one, paging of 4 levels, CR4.PGE, CR4.SMAP, EFER.NXE, that there are pages of 1 GiB, and
 * that all pages have to lie at their linear address so far.
 */
export const WAY = { easy: 1, paged: 2, global: 4, smap: 8, noExecute: 0x10, gigabytes: 0x20, identity: 0x40 } as const;
