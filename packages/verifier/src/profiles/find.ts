import { planProtocols, type KernelImage } from '@bzelf/loader';
import { fail } from '../errors.js';
import type { Profile } from './profile.js';
import { PROFILES } from './table.js';

/** The profiles that a file can be started by. */
export function profilesFor(kernel: KernelImage): Profile[] {
  const protocols = planProtocols(kernel);
  return PROFILES.filter(
    ({ protocol, firmware, forms, class: wanted, takes }) =>
      protocols.includes(protocol) &&
      (firmware === 'bios' || !needsBios(kernel)) &&
      (forms === undefined || forms.includes(kernel.form)) &&
      (wanted === undefined || ('elf' in kernel && kernel.elf.class === wanted)) &&
      (takes === undefined || takes(kernel)),
  );
}

/** What has only a 16-bit entry calls the BIOS; inside a container, too. */
const needsBios = ({ bits }: KernelImage): boolean => bits === 16;

/** Throws verifier/unknown-profile. */
export function findProfile(name: string): Profile {
  const profile = PROFILES.find((row) => row.name === name);
  if (profile !== undefined) return profile;
  const expected = PROFILES.map((row) => row.name).join(', ');
  throw fail('verifier/unknown-profile', { field: 'profile', found: name, expected });
}
