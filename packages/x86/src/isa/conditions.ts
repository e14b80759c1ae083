/** Conditions in the order of their numbers, 0 to F. Source: Intel SDM vol. 1, appendix B. */
export const CONDITIONS = [
  'O',
  'NO',
  'B',
  'AE',
  'E',
  'NE',
  'BE',
  'A',
  'S',
  'NS',
  'P',
  'NP',
  'L',
  'GE',
  'LE',
  'G',
] as const;
