import type { FindingKind } from '../finding.js';
import { bootHeadersCheck } from './boot-headers.js';
import { MALFORMED, type Check } from './check.js';
import { checksumCheck } from './checksum.js';
import { crcCheck } from './crc.js';
import { elfHeaderCheck } from './elf-header.js';
import { entryCheck } from './entry.js';
import { mappingCheck } from './mapping.js';
import { noteReadersCheck } from './note-readers.js';
import { noteSegmentCheck } from './note-segment.js';
import { noteTypesCheck } from './note-types.js';
import { originCheck } from './origin.js';
import { payloadCheck } from './payload.js';
import { placementCheck } from './placement.js';
import { sectionsCheck } from './sections.js';
import { segmentsCheck } from './segments.js';
import { setupHeaderCheck } from './setup-header.js';
import { stubCheck } from './stub.js';
import { TARGET_CHECK } from './target.js';

/** Every check of a file's structure, in the order in which they report. */
export const CHECKS: readonly Check[] = [
  elfHeaderCheck,
  segmentsCheck,
  sectionsCheck,
  noteSegmentCheck,
  noteTypesCheck,
  noteReadersCheck,
  entryCheck,
  stubCheck,
  mappingCheck,
  placementCheck,
  setupHeaderCheck,
  payloadCheck,
  crcCheck,
  checksumCheck,
  originCheck,
  bootHeadersCheck,
];

/** Every code with its wording. */
export const FINDINGS: Readonly<Record<string, FindingKind>> = Object.assign(
  {},
  MALFORMED,
  TARGET_CHECK.findings,
  ...CHECKS.map(({ findings }) => findings),
) as Readonly<Record<string, FindingKind>>;
