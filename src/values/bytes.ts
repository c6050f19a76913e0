/** Amounts of memory as people write them in configuration: `512MB`, `512MiB`, `2GB`. */

const UNIT_BYTES: Readonly<Record<string, number>> = {
  kB: 1000,
  KiB: 1024,
  MB: 1000 ** 2,
  MiB: 1024 ** 2,
  GB: 1000 ** 3,
  GiB: 1024 ** 3,
};

/**
 * `512MB` (decimal), `512MiB` (binary), the same with k and G, a blank before the unit allowed → bytes. Undefined for
 * anything else, also for a bare number: its unit would be a guess.
 */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,6}) ?([kMG]B|[KMG]iB)$/.exec(text);
  const unit = UNIT_BYTES[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
