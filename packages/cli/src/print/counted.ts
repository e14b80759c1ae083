import { thousands } from '@bzelf/bytes';

/** 1 page, 2,000 pages. */
export const counted = (count: number | bigint, what: string): string =>
  `${thousands(count)} ${what}${Number(count) === 1 ? '' : 's'}`;
