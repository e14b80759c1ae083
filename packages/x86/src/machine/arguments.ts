import { TIERS } from '../engine.js';
import { PHYSICAL_END } from '../memory/ranges.js';
import { type PhysicalRange } from '../memory/watches.js';
import { CPU_FEATURES } from '../system/profile.js';
import { type MachineOptions } from './wiring.js';

/** Throws RangeError unless both are whole numbers, and the range lies in the 2^52 bytes that physical addresses can name. */
export function checkRange({ start, length }: PhysicalRange): void {
  const isRange = Number.isInteger(start) && Number.isInteger(length) && start >= 0 && length >= 0;
  if (!isRange || start + length > PHYSICAL_END)
    throw new RangeError(`no range of physical memory has ${length} bytes from ${start} on`);
}

/** Throws TypeError unless the access is made of these letters, in this order. */
export function checkAccess(access: string, letters: string): void {
  const kept = [...letters].filter((letter) => access.includes(letter)).join('');
  if (kept !== access) throw new TypeError(`an access is some of '${letters}', not '${access}'`);
}

const CHOICES = {
  tier: TIERS,
  unmapped: ['deny', 'ones'],
  unimplemented: ['stop', 'ud'],
} as const;

/** What types cannot say to those who write JavaScript. Throws TypeError, and RangeError for a time that is none. */
export function checkOptions(options: MachineOptions): void {
  for (const what of ['tier', 'unmapped', 'unimplemented'] as const) {
    const [name, names] = [options[what], CHOICES[what] as readonly string[]];
    if (name !== undefined && !names.includes(name))
      throw new TypeError(`${what} is one of ${names.join(', ')}, not '${name}'`);
  }
  for (const feature of options.cpu?.features ?? [])
    if (!CPU_FEATURES.includes(feature)) throw new TypeError(`no feature of a CPU is called '${feature}'`);
  if (Number.isNaN(options.time?.getTime())) throw new RangeError('the time of a machine is no date');
}
