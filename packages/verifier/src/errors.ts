import { errorFactory } from '@bzelf/bytes';

export const VERIFIER_ERRORS = {
  'verifier/outside-ram': 'The load plan puts something where the machine has no memory',
  'verifier/no-initrd': 'The load plan has an initrd whose bytes were not given',
  'verifier/unknown-target': 'There is no loader and no target of this name',
  'verifier/unknown-profile': 'There is no profile of this name',
} as const;

export const fail = errorFactory(VERIFIER_ERRORS);
