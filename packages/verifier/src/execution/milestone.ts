import type { Machine } from '@bzelf/x86';

/** What programs of the form of a kernel say first: the probe of this project, memtest86+, iPXE, memdisk. */
const TEXTS = ['probe: end', 'Memtest86', 'iPXE', 'MEMDISK'];
const SCREEN = 0xb8000;
const SCREEN_BYTES = 80 * 25 * 2;

/** Whether one of the texts is on the serial port, the debug console, or the screen. */
export function hasMilestone({ serial, console, ram }: Machine): boolean {
  const seen = [serial.output, console.output, screenText(ram)];
  return TEXTS.some((text) => seen.some((own) => own.includes(text)));
}

/** Text mode: a character and an attribute for each place. */
const screenText = (ram: Uint8Array): string =>
  String.fromCharCode(...ram.subarray(SCREEN, SCREEN + SCREEN_BYTES).filter((_, i) => i % 2 === 0));
