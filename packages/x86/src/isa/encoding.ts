/** Immediates in the order of the encoding column's words. */
export const IMMEDIATE = { none: 0, ib: 1, ibu: 2, iw: 3, iz: 4, iv: 5, cb: 6, cz: 7, cp: 8, mo: 9 } as const;

/** The opcode maps; a VEX map is its legacy map + 4. */
export const MAP = { legacy: 0, map0F: 1, map0F38: 2, map0F3A: 3 } as const;
export const VEX_MAPS = 4;

/** Attributes of a form that the decoder asks for, one bit each. */
// prettier-ignore
export const FORM_BIT = {
  modrm: 0x01, lock: 0x02, d64: 0x04, f64: 0x08, modIgnored: 0x10, vexL0: 0x20, noVvvv: 0x40,
} as const;

/** Attributes of a form that whoever executes it asks for, one bit each; `rep` is `repz` too. */
export const FORM_TRAIT = { sys: 0x01, todo: 0x02, cpl0: 0x04, iopl: 0x08, rep: 0x10 } as const;
