/** Bytes that a guest has written, and their text. */
export class TextOutput {
  /** Every byte as it comes, for who shows them at once. */
  onByte: (byte: number) => void = () => undefined;
  private bytes = new Uint8Array(256);
  private length = 0;
  private decoder = new TextDecoder();
  private text = '';
  private decoded = 0;

  write(byte: number): void {
    if (this.length === this.bytes.length) {
      const longer = new Uint8Array(2 * this.length);
      longer.set(this.bytes);
      this.bytes = longer;
    }
    this.bytes[this.length++] = byte;
    this.onByte(byte);
  }

  /** All that was written so far, as UTF-8. */
  get output(): string {
    if (this.decoded < this.length) {
      this.text += this.decoder.decode(this.bytes.subarray(this.decoded, this.length), { stream: true });
      this.decoded = this.length;
    }
    return this.text;
  }

  save(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  restore(bytes: Uint8Array): void {
    this.bytes = new Uint8Array(Math.max(256, bytes.length));
    this.bytes.set(bytes);
    this.length = bytes.length;
    this.decoder = new TextDecoder();
    this.text = '';
    this.decoded = 0;
  }
}
