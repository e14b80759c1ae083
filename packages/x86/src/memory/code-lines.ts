import { PAGE } from './layout.js';

/** Which lines of 64 bytes of each page of RAM hold code that was decoded or translated: 64 bits a page. */
export class CodeLines {
  private readonly masks: Int32Array;
  /** No line was ever marked. */
  isClear = true;

  /** `notes`: PAGE of each page of RAM. */
  constructor(private readonly notes: Uint8Array) {
    this.masks = new Int32Array(2 * notes.length);
  }

  has(page: number): boolean {
    return ((this.notes[page] as number) & PAGE.code) !== 0;
  }

  /** Marks the lines of bytes that lie in one page. */
  mark(page: number, offset: number, length: number): void {
    this.isClear = false;
    this.notes[page] = (this.notes[page] as number) | PAGE.code;
    for (let line = offset >> 6; line <= (offset + length - 1) >> 6; line++) {
      const at = 2 * page + (line >> 5);
      this.masks[at] = (this.masks[at] as number) | (1 << (line & 31));
    }
  }

  /** Does one of these bytes of one page lie in a marked line? */
  hits(page: number, offset: number, length: number): boolean {
    if (!this.has(page)) return false;
    for (let line = offset >> 6; line <= (offset + length - 1) >> 6; line++) {
      if (((this.masks[2 * page + (line >> 5)] as number) & (1 << (line & 31))) !== 0) return true;
    }
    return false;
  }

  clear(page: number): void {
    this.masks[2 * page] = 0;
    this.masks[2 * page + 1] = 0;
    this.notes[page] = (this.notes[page] as number) & ~PAGE.code;
  }
}
