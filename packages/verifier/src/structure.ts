import { isBzelfError, toSource, type ByteSource } from '@bzelf/bytes';
import { probeBzImage } from '@bzelf/bzimage';
import { probeElf } from '@bzelf/elf';
import { checkTarget } from './checks/target.js';
import { malformed, MALFORMED_CODE } from './checks/check.js';
import { CHECKS } from './checks/index.js';
import type { Finding } from './finding.js';
import { openSubject } from './subject.js';

export interface StructureOptions {
  /** A loader (LOADERS) or a target of the writer: what it will do with the file is checked, too. */
  readonly target?: string;
}

/**
 * What is wrong, odd or worth knowing in the structure of a bzImage or ELF file. Reads the whole of it; runs nothing and
 * decompresses nothing. Malformed parts are findings; throws loader/not-a-kernel for a file of neither kind,
 * and verifier/unknown-target.
 */
export function verifyStructure(input: Uint8Array | ByteSource, { target }: StructureOptions = {}): Finding[] {
  const source = toSource(input);
  try {
    const subject = openSubject(source);
    const findings = CHECKS.flatMap((check) => check.run(subject));
    return distinct([...findings, ...(target === undefined ? [] : checkTarget(subject, target))]);
  } catch (error) {
    if (!isBzelfError(error) || error.code.startsWith('verifier/') || !(probeElf(source) || probeBzImage(source)))
      throw error;
    return [malformed(error)];
  }
}

/** Several checks may stumble over one malformed table; what a check has words for is not said a second time without. */
function distinct(findings: readonly Finding[]): Finding[] {
  const placeOf = ({ offset, field, found }: Finding) => JSON.stringify([offset, field, found]);
  const known = new Set(findings.filter(({ code }) => code !== MALFORMED_CODE).map(placeOf));
  const seen = new Set<string>();
  return findings.filter((finding) => {
    if (finding.code === MALFORMED_CODE && known.has(placeOf(finding))) return false;
    const key = `${finding.code} ${finding.title} ${placeOf(finding)}`;
    return !seen.has(key) && seen.add(key);
  });
}
