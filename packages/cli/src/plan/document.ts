import { copyLength, type LoadPlan } from '@bzelf/loader';
import { decodeParameterBlock } from './parameter-block.js';

/** What `plan --json` prints. Source: docs/json.md, bzelf.plan/1. */
export function planDocument(file: string, plan: LoadPlan) {
  const {
    protocol,
    entry,
    copies,
    zeros,
    reserve,
    cpu,
    parameterBlock,
    cmdline,
    initrd,
    pageTables,
    mappings,
    warnings,
  } = plan;
  return {
    schema: 'bzelf.plan/1',
    file,
    protocol,
    entry,
    copies: copies.map((copy) => ({ to: copy.to, length: copyLength(copy), purpose: copy.purpose, from: copy.from })),
    zeros,
    reserve,
    cpu: { ...cpu, registers: nonZero(cpu.registers) },
    parameterBlock:
      parameterBlock === undefined ? undefined : { ...parameterBlock, decoded: decodeParameterBlock(parameterBlock) },
    cmdline,
    initrd,
    pageTables:
      pageTables === undefined
        ? undefined
        : { mode: pageTables.mode, root: pageTables.root, size: pageTables.bytes.length },
    mappings,
    warnings,
  };
}

const nonZero = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0n));
