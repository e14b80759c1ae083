import type { FindingTable } from '../checks/check.js';
import { makeFinding, type Finding, type FindingKind, type Where } from '../finding.js';

/** What executing a file can find. */
// prettier-ignore
export const EXECUTION_FINDINGS = {
  'run/plan': {
    severity: 'error', title: 'A loader cannot load the file as its headers and notes ask',
    explanation: 'There is no memory for it, or what it says cannot be done.', remedy: 'look at `bzelf plan` of the same protocol; wrap the bzImage again',
  },
  'run/no-entry': {
    severity: 'error', title: 'The file offers no entry at all',
    explanation: 'No header and no note says how it may be started, so nothing was executed.', remedy: 'wrap the bzImage that it was made from',
  },
  'run/no-profile': {
    severity: 'warning', title: 'No profile can start the file, and nothing was executed',
    explanation: 'Its entries are for firmware or hypervisors that are not played: that it is well formed is all that is known.', remedy: 'boot it by the loader that it is for',
  },
  'run/unmapped': {
    severity: 'error', title: 'Memory is touched that the file does not ask to be mapped',
    explanation: 'A loader that maps what the MAPPING notes say, and no more, gets a fault here before the kernel runs.', remedy: 'declare the range (`bzelf wrap --map`), or make the note as long as what is used',
  },
  'run/low-memory': {
    severity: 'note', title: 'Firmware\'s memory below 1 MiB is read, and no range of the entry declares it',
    explanation: 'Without paging that memory is always there. The kernel looks for ACPI tables in it when the loader does not say where they are.', remedy: 'nothing; a loader that enters with paging on must map it',
  },
  'run/early-read': {
    severity: 'warning', title: 'The kernel reads the initrd, or what is no memory, before it has page tables',
    explanation: 'Without paging that is no fault: where no memory is, a PC gives ones. Linux for i386 looks for microcode in the initrd before it has page tables, and by then reads through FS as if it had them.', remedy: 'nothing; a loader that enters with paging on must map the initrd',
  },
  'run/untouched': {
    severity: 'warning', title: 'A required range is not touched at all',
    explanation: 'A loader maps memory for nothing, or the range is in the wrong place.', remedy: 'leave the range out, or say where it really is',
  },
  'run/loose': {
    severity: 'warning', title: 'A required range is longer than what is used of it',
    explanation: 'A loader maps memory for nothing, and refuses a machine that has less. Expected is the range from the first to the last page that was touched.', remedy: 'let `bzelf verify --measure -o OUT` write the ranges that were needed, or lower init_size',
  },
  'run/fault': {
    severity: 'error', title: 'The processor gives up: a triple fault',
    explanation: 'An exception came where no handler is. What could not be reached is not mapped by the page tables, or the code is not what it should be.', remedy: 'look at the instruction, and at what the MAPPING note of the entry declares',
  },
  'run/halt': {
    severity: 'error', title: 'The machine stops before the kernel runs',
    explanation: 'The decompressor or the entry stub has halted; what it said is in the report.', remedy: 'read what was printed',
  },
  'run/lost': {
    severity: 'error', title: 'Execution goes astray before the kernel runs',
    explanation: 'Code was executed that is no code, or a place that leads nowhere.', remedy: 'check the entry address and the bytes of the image',
  },
  'run/budget': {
    severity: 'error', title: 'The kernel is not entered within the instructions it was given',
    explanation: 'It hangs in a loop, or it needs more.', remedy: 'allow more with --instructions, and look where it is',
  },
  'run/deadline': {
    severity: 'error', title: 'The kernel is not entered in the time it was given',
    explanation: 'It hangs in a loop, or this computer is slow.', remedy: 'allow more with --deadline',
  },
  'image/payload': {
    severity: 'error', title: 'The kernel inside cannot be decompressed',
    explanation: 'What is to be in memory is not known, and the kernel\'s own decompressor will not know better.', remedy: 'get the bzImage again',
  },
  'image/differs': {
    severity: 'error', title: 'The kernel in memory is not the kernel in the file',
    explanation: 'At the first instruction of the kernel its memory differs from what decompressing, placing and relocating it gives.', remedy: 'get the bzImage again',
  },
  'image/slide': {
    severity: 'error', title: 'The kernel was put where it cannot run',
    explanation: 'It is not at a multiple of its alignment.', remedy: 'check kernel_alignment and PLACEMENT',
  },
  'params/place': {
    severity: 'error', title: 'The kernel does not get boot_params',
    explanation: 'What rsi points to at the kernel\'s first instruction is not in memory, or has no setup_header.', remedy: 'check what the loader passes, and the entry stub',
  },
  'params/cmdline': {
    severity: 'error', title: 'The kernel gets another command line',
    explanation: 'It will boot with other options than those that were given.', remedy: 'check cmd_line_ptr and the built-in command line',
  },
  'params/e820': {
    severity: 'error', title: 'The kernel gets another memory map',
    explanation: 'It will use memory that it must not, or not find what it has.', remedy: 'check the entry stub',
  },
  'params/initrd': {
    severity: 'error', title: 'The kernel gets another initrd',
    explanation: 'Its address, its size or its bytes are not those that were given.', remedy: 'check ramdisk_image, and that nothing overwrites it: init_size',
  },
  'params/subarch': {
    severity: 'error', title: 'The kernel gets another hardware_subarch',
    explanation: 'It will take the machine for one that it is not.', remedy: 'check the SUBARCH note',
  },
  'params/firmware': {
    severity: 'error', title: 'boot_params do not say what the BIOS has said',
    explanation: 'The setup code of the kernel makes boot_params from the answers of the BIOS; here they differ from them.', remedy: 'check the real-mode part of the image: setup_sects, and that the file is whole',
  },
  'run/bios-unknown': {
    severity: 'note', title: 'A function of the BIOS was called that this BIOS does not know',
    explanation: 'It was answered with the carry flag set, as by an old BIOS. The setup code goes its way without.', remedy: 'nothing, unless the run ends soon after',
  },
  'params/acpi': {
    severity: 'error', title: 'The kernel gets another address of the ACPI tables',
    explanation: 'It will look for them in low memory, or not find them where there is no BIOS.', remedy: 'check acpi_rsdp_addr, and the entry stub',
  },
  'banner/missing': {
    severity: 'error', title: 'The kernel does not come to its banner',
    explanation: 'It was entered, but "Linux version" never stood on the serial port.', remedy: 'boot it with `bzelf run`, and look',
  },
  'banner/no-console': {
    severity: 'warning', title: 'The command line has no console, so nobody could see the banner',
    explanation: 'The kernel writes its log where console=, earlycon= or earlyprintk= says. The run ended at its entry.', remedy: 'give a serial console: --cmdline "console=ttyS0 …"',
  },
  'banner/cmdline': {
    severity: 'error', title: 'The kernel does not print the command line that it was given',
    explanation: 'Its log begins with the banner and the command line.', remedy: 'check how the command line is passed, and CONFIG_CMDLINE of the kernel',
  },
} as const satisfies FindingTable;

export type ExecutionCode = keyof typeof EXECUTION_FINDINGS;

export const executionFinding = (code: ExecutionCode, where: Where = {}): Finding =>
  makeFinding(code, EXECUTION_FINDINGS[code] as FindingKind, where);
