/** Registers of the 16550A and their bits, by the names of the NS PC16550D data sheet, table II. */

/** Of ports, from the first on; 0 and 1 are the divisor latch while LCR.DLAB is set. */
export const OFFSET = { RBR_THR: 0, IER: 1, IIR_FCR: 2, LCR: 3, MCR: 4, LSR: 5, MSR: 6, SCR: 7 } as const;

export const IER = { data: 1, holdingEmpty: 2, line: 4, modem: 8 } as const;
/** Interrupt identifications, the most urgent first. */
export const IIR = { line: 0x06, data: 0x04, timeout: 0x0c, holdingEmpty: 0x02, modem: 0x00, none: 0x01 } as const;
export const FCR = { ENABLE: 0x01, CLEAR_RECEIVE: 0x02 } as const;
/** Bytes in the receive FIFO that interrupt, by FCR's bits 6 and 7. */
export const TRIGGERS = [1, 4, 8, 14] as const;
export const LCR = { DLAB: 0x80 } as const;
export const MCR = { OUT2: 0x08, LOOP: 0x10 } as const;
// prettier-ignore
export const LSR = { dataReady: 0x01, overrun: 0x02, break: 0x10, holdingEmpty: 0x20, empty: 0x40, fifoError: 0x80 } as const;
