/** What the probe payload was given, read from its report. test-images/probe/README.md describes the lines. */
export interface ProbeReport {
  readonly entry: 'linux16' | 'linux32' | 'linux64';
  /** Address of the protected-mode part. */
  readonly load: bigint;
  readonly bp: bigint;
  readonly sentinel: bigint;
  /** rax… rflags, cr0, cr3, cr4, efer; 32-bit registers under their 64-bit names. */
  readonly registers: Readonly<Record<string, bigint>>;
  readonly segments: Readonly<Record<string, bigint>>;
  /** Every field of boot_params that is not zero: `screen_info.lfb_base`, `type_of_loader`, `acpi_rsdp_addr`… */
  readonly fields: Readonly<Record<string, bigint>>;
  readonly cmdline: string;
  /** The table of boot_params, then the entries of SETUP_E820_EXT. */
  readonly e820: readonly { readonly addr: bigint; readonly size: bigint; readonly type: number }[];
  readonly ramdisk?: { readonly addr: bigint; readonly size: bigint; readonly crc32: number };
  /** The eight bytes to which acpi_rsdp_addr points; only at the 32-bit entry. */
  readonly rsdp?: string;
  readonly setupData: readonly { readonly addr: bigint; readonly type: number; readonly len: number }[];
}

/** Reads the first whole report in the text, or returns undefined where there is none. */
export function parseProbeReport(text: string): ProbeReport | undefined {
  const lines = /^probe: begin$(.*?)^probe: end$/ms.exec(text.replaceAll('\r', ''))?.[1]?.split('\n');
  if (lines === undefined) return undefined;
  const rows = lines.flatMap((line) => {
    const found = /^probe: (\w+) (.*)$/.exec(line);
    return found ? [{ key: found[1] ?? '', value: found[2] ?? '' }] : [];
  });
  const all = (key: string) => rows.filter((row) => row.key === key).map((row) => row.value.split(' '));
  const first = (key: string) => rows.find((row) => row.key === key)?.value;
  const named = (key: string) => Object.fromEntries(all(key).map(([name = '', value]) => [name, number(value)]));

  const ramdisk = all('ramdisk').at(0);
  const rsdp = first('rsdp');
  return {
    entry: first('entry') as ProbeReport['entry'],
    load: number(first('load')),
    bp: number(first('bp')),
    sentinel: number(first('sentinel')),
    registers: named('reg'),
    segments: named('seg'),
    fields: named('field'),
    cmdline: first('cmdline') ?? '',
    e820: all('e820').map(([addr, size, type]) => ({ addr: number(addr), size: number(size), type: Number(type) })),
    ...(ramdisk && {
      ramdisk: { addr: number(ramdisk[0]), size: number(ramdisk[1]), crc32: Number(ramdisk[2]) },
    }),
    ...(rsdp !== undefined && { rsdp }),
    setupData: all('setup_data').map(([addr, type, len]) => ({
      addr: number(addr),
      type: Number(type),
      len: Number(len),
    })),
  };
}

const number = (text: string | undefined): bigint => BigInt(text ?? '0');
