/** Which lines of 64 bytes of each page of RAM hold code that was decoded or translated: 64 bits a page. */
export class CodeLines {
  private readonly masks: Int32Array;
  /** No line was ever marked, or all marks are gone together. */
  isClear = true;

  constructor(pages: number) {
    this.masks = new Int32Array(2 * pages);
  }

  has(page: number): boolean {
    return ((this.masks[2 * page] as number) | (this.masks[2 * page + 1] as number)) !== 0;
  }

  /** Marks the lines of bytes that lie in one page. */
  mark(page: number, offset: number, length: number): void {
    this.isClear = false;
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
  }

  clearAll(): void {
    this.masks.fill(0);
    this.isClear = true;
  }
}
