import { defineCheck } from './check.js';

export const crcCheck = defineCheck({
  name: 'crc',
  doc: 'The CRC-32 that the kernel build puts behind the kernel, and EFI signatures.',
  // prettier-ignore
  findings: {
    'crc/bad': {
      severity: 'error', title: 'The CRC-32 behind the kernel is wrong',
      explanation: 'The kernel build wrote it over all that comes before; some byte has changed since. No loader looks, and the decompressor may or may not notice.', remedy: 'get the kernel again',
    },
    'crc/signed': {
      severity: 'note', title: 'The CRC-32 is that of the kernel before it was signed',
      explanation: 'Signing for EFI rewrites two fields that the CRC covers; all else is as it was built.', remedy: 'nothing',
    },
    'crc/signature-lost': {
      severity: 'note', title: 'The kernel is signed for EFI, and this file is no EFI executable',
      explanation: 'The signature is over the bzImage, which `bzelf unwrap` gives back with it. Nothing verifies it where this file is loaded.', remedy: 'sign this file by the means of its loader, or boot the bzImage',
    },
    'crc/certificates': {
      severity: 'warning', title: 'The table of EFI signatures is damaged',
      explanation: 'Firmware with Secure Boot refuses the kernel.', remedy: 'get the kernel again',
    },
  },
  run({ bz, kernel }, report) {
    if (bz === undefined) return;
    const { state, offset, stored, computed } = bz.crc;
    const where = {
      field: 'CRC-32',
      ...(offset === undefined ? {} : { offset }),
      ...(stored === undefined ? {} : { found: stored }),
      ...(computed === undefined ? {} : { expected: computed }),
    };
    if (state === 'bad') report('crc/bad', where);
    if (state === 'signed') report('crc/signed', where);
    const table = bz.pe?.certificateTable;
    if (bz.pe === undefined || table === undefined) return;
    if (table.offset + table.size > bz.source.size)
      report('crc/certificates', { offset: table.offset, found: table.size, expected: 'a table inside the file' });
    else if (bz.certificates.length > 0 && kernel.form !== 'bzimage')
      report('crc/signature-lost', { offset: table.offset });
  },
});
