import { le } from '@bzelf/bytes';
import type { Guest } from './guest.js';
import { BIOS_DATA, BIOS_DATA_AT, SCREEN } from './memory.js';
import { AH, AX, type Service } from './service.js';

const VIDEO = 0x10;
/** EGA information of a colour VGA with 256 KiB: BH = 0, BL = 3; its switches in CL. */
const EGA_BX = 0x0003;
const EGA_CX = 0x0009;
/** DisplayCombination: AL = 1A says that the function is there, BL = 8 a colour VGA. */
const DISPLAY = 0x0008;
const BELL = 7;
const BACKSPACE = 8;
const NEWLINE = 10;
const RETURN = 13;

type Cell = 'cursor_column' | 'cursor_row' | 'cursor_shape';

const read = (guest: Guest, name: Cell): number =>
  BIOS_DATA.read(guest.machine.ram.subarray(BIOS_DATA_AT, BIOS_DATA_AT + BIOS_DATA.size))[name];

function write(guest: Guest, values: Partial<Record<Cell, number>>): void {
  BIOS_DATA.write(guest.machine.ram.subarray(BIOS_DATA_AT, BIOS_DATA_AT + BIOS_DATA.size), 0, values);
}

const cellAt = (column: number, row: number): number => SCREEN.at + 2 * (row * SCREEN.columns + column);

function clear(guest: Guest, from: number, to: number): void {
  for (let at = from; at < to; at += 2) guest.store(at, le(SCREEN.blank, 2));
}

function scroll(guest: Guest): void {
  const [first, second, end] = [cellAt(0, 0), cellAt(0, 1), cellAt(0, SCREEN.rows)];
  guest.store(first, guest.machine.ram.slice(second, end));
  clear(guest, cellAt(0, SCREEN.rows - 1), end);
}

/** A character where the cursor is, as on a teletype. */
export function teletype(guest: Guest, character: number): void {
  let column = read(guest, 'cursor_column');
  let row = read(guest, 'cursor_row');
  if (character === RETURN) column = 0;
  else if (character === NEWLINE) row++;
  else if (character === BACKSPACE) column = Math.max(column - 1, 0);
  else if (character !== BELL) {
    if (column < SCREEN.columns && row < SCREEN.rows) guest.store(cellAt(column, row), Uint8Array.of(character));
    column++;
  }
  if (column >= SCREEN.columns) [column, row] = [0, row + 1];
  for (; row >= SCREEN.rows; row--) scroll(guest);
  write(guest, { cursor_column: column, cursor_row: row });
}

function setMode(guest: Guest): void {
  clear(guest, cellAt(0, 0), cellAt(0, SCREEN.rows));
  write(guest, { cursor_column: 0, cursor_row: 0 });
}

/** Characters at the cursor, which stays; CX of them. */
function repeat(guest: Guest, withAttribute: boolean): void {
  const [column, row] = [read(guest, 'cursor_column'), read(guest, 'cursor_row')];
  const last = SCREEN.columns * SCREEN.rows - (row * SCREEN.columns + column);
  const cell = withAttribute ? Uint8Array.of(guest.get('al'), guest.get('bl')) : Uint8Array.of(guest.get('al'));
  for (let i = 0; i < Math.min(guest.get('cx'), last); i++) guest.store(cellAt(column, row) + 2 * i, cell);
}

/** AL and AH: the character at the cursor and its attribute. */
function character(guest: Guest): void {
  const at = cellAt(read(guest, 'cursor_column'), read(guest, 'cursor_row'));
  guest.set({ ax: guest.view(at, 2).getUint16(0, true) });
}

/** Of a rectangle only the most used case is done: the whole screen, cleared; else one line is scrolled for each that is asked for. */
function scrollUp(guest: Guest): void {
  const lines = guest.get('al');
  if (lines === 0 || lines >= SCREEN.rows) return clear(guest, cellAt(0, 0), cellAt(0, SCREEN.rows));
  for (let i = 0; i < lines; i++) scroll(guest);
}

/** INT 10h: a colour VGA in mode 3, and no VESA BIOS. Source: Linux arch/x86/boot/video*.c and tty.c, which are to be content; RBIL INT 10. */
// prettier-ignore
export const VIDEO_SERVICES: readonly Service[] = [
  { vector: VIDEO, ax: AH(0x00), name: 'set the video mode',            answer: 'answered', run: setMode },
  { vector: VIDEO, ax: AH(0x01), name: 'set the shape of the cursor',   answer: 'answered', run: (guest) => write(guest, { cursor_shape: guest.get('cx') }) },
  { vector: VIDEO, ax: AH(0x02), name: 'set the cursor',                answer: 'answered', run: (guest) => write(guest, { cursor_column: guest.get('dl'), cursor_row: guest.get('dh') }) },
  { vector: VIDEO, ax: AH(0x03), name: 'where the cursor is',           answer: 'answered', run: (guest) => guest.set({ cx: read(guest, 'cursor_shape'), dx: (read(guest, 'cursor_row') << 8) | read(guest, 'cursor_column') }) },
  { vector: VIDEO, ax: AH(0x05), name: 'show a page',                   answer: 'answered', run: () => undefined },
  { vector: VIDEO, ax: AH(0x06), name: 'scroll up',                     answer: 'answered', run: scrollUp },
  { vector: VIDEO, ax: AH(0x08), name: 'which character is there',      answer: 'answered', run: character },
  { vector: VIDEO, ax: AH(0x09), name: 'characters and attributes',     answer: 'answered', run: (guest) => repeat(guest, true) },
  { vector: VIDEO, ax: AH(0x0a), name: 'characters',                    answer: 'answered', run: (guest) => repeat(guest, false) },
  { vector: VIDEO, ax: AH(0x0e), name: 'a character, as on a teletype', answer: 'answered', run: (guest) => teletype(guest, guest.get('al')) },
  { vector: VIDEO, ax: AH(0x0f), name: 'which video mode it is',        answer: 'answered', run: (guest) => guest.set({ ax: 0x5003, bh: 0 }) },
  { vector: VIDEO, ax: AX(0x1200), name: 'EGA information',             answer: 'answered', run: (guest) => guest.get('bl') === 0x10 && guest.set({ bx: EGA_BX, cx: EGA_CX }) },
  { vector: VIDEO, ax: AX(0x1a00), name: 'which display there is',      answer: 'answered', run: (guest) => guest.set({ ax: 0x001a, bx: DISPLAY }) },
  // a BIOS without VESA leaves AX as it is
  { vector: VIDEO, ax: AH(0x4f), name: 'VESA BIOS extensions',          answer: 'absent',   run: () => undefined },
];
