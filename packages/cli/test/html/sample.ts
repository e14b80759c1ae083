import type { FileView, ReportDocument, RunView } from '../../src/html/document';

/** What somebody who makes a kernel could write into its texts. */
export const HOSTILE = `</pre><script>alert("1")</script>&amp;'\u001b[31m\u202e\ud800`;

const touch = { kind: 'write', phase: 'decompression', first: 500, last: 600_000, pages: 16 } as const;
const place = { rip: '0x1000200', text: 'mov cr3,eax', phase: 'stub', first: 12 } as const;

export const RUN: RunView = {
  profile: 'linux64',
  protocol: 'linux64',
  verdict: 'fail',
  reached: 'entry',
  ended: 'kernel entered',
  instructions: 1_000_000,
  entry: '0x1000000',
  slides: { physical: '0x3000000', virtual: '0x0' },
  comparedBytes: 4096,
  cmdline: HOSTILE,
  evidence: 'declared',
  phases: [
    { name: 'stub', from: 0, to: 100, fetched: 1, read: 2, written: 3 },
    { name: 'decompression', from: 100, to: 1_000_000, fetched: 4, read: 5, written: 6 },
  ],
  ranges: [
    { purpose: 'image', start: '0x1000000', length: '0x10000', access: 'rwx', required: true, pages: 16, touchedPages: 16, touched: { start: '0x1000000', length: '0x10000' } }, // prettier-ignore
    { purpose: 'runtime', start: '0x1000000', length: '0x40000', access: 'rwx', required: true, pages: 64, touchedPages: 32, touched: { start: '0x1000000', length: '0x20000' } }, // prettier-ignore
    { purpose: 'low-memory', start: '0x0', length: '0x100000', access: 'rw', required: false, pages: 256, touchedPages: 0 }, // prettier-ignore
  ],
  touches: [
    { ...touch, start: '0x1000000', length: '0x10000', kind: 'read' },
    { ...touch, start: '0x1010000', length: '0x10000' },
    { ...touch, start: '0x5000000', length: '0x1000', first: 900_000, last: 900_000, pages: 1 },
  ],
  audit: {
    ports: [{ port: 0x3f8, device: 'serial port', reads: 7, writes: 1234 }],
    privileged: [{ ...place, times: 1, needs: 'cpl0' }],
    segmentLoads: [],
    cpuid: [],
    msrs: [{ ...place, times: 2, index: 0xc0000080, name: 'IA32_EFER', access: 'write', value: '0x100' }],
    pageTableWrites: [],
    lowMemory: ['0xe0000', '0xe1000', '0xe2000'].map((address) => ({ ...place, area: 'BIOS', address })),
    framebuffer: [],
  },
  bios: [{ call: 'int 15h, ax=e820', name: 'memory map', answer: 'answered', count: 7 }],
  ring1: { trapped: [{ ...place, times: 3, reason: 'privileged' }], sensitive: [], longMode: false },
  screen: ['memtest', HOSTILE],
  serial: `first\r\n${HOSTILE}\r\n`,
  serialMarks: [
    { count: 4321, line: 'first' },
    { count: 5432, line: HOSTILE },
  ],
  findings: [
    {
      code: 'run/unmapped',
      severity: 'error',
      title: 'Memory is touched that the file does not ask to be mapped',
      explanation: 'A loader gets a fault.',
      remedy: 'declare the range (`bzelf wrap --map`)',
      field: 'read by `mov eax,[rbx]` at 0x1000300',
      found: HOSTILE,
    },
  ],
  seconds: 1.25,
};

export const FILE: FileView = {
  file: `folder/${HOSTILE}.elf`,
  verdict: 'fail',
  form: 'container',
  kernelVersion: '6.1.192 (root@vm)',
  size: 1_594_088,
  structure: [],
  payload: [],
  runs: [RUN, { ...RUN, profile: 'pvh' }],
};

export const REPORT: ReportDocument = { schema: 'bzelf.verify/1', verdict: 'fail', files: [FILE] };
