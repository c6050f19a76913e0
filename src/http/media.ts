/** Content types of boot files. */

/**
 * UEFI HTTP Boot tells programs from disk images by these types before it looks at the name (UEFI 2.10 §24.7.3.1, and
 * HttpBootDxe of EDK2); text shows in a browser instead of being downloaded. iPXE looks at the bytes alone.
 */
const BY_SUFFIX: ReadonlyMap<string, string> = new Map([
  ['efi', 'application/efi'],
  ['iso', 'application/vnd.efi-iso'],
  ['img', 'application/vnd.efi-img'],
  ['json', 'application/json'],
  ...['cfg', 'conf', 'ipxe', 'ks', 'preseed', 'seed', 'sh', 'txt', 'xml', 'yaml', 'yml'].map(
    (suffix) => [suffix, 'text/plain; charset=utf-8'] as const,
  ),
]);

/** By the name's suffix; bytes of no known kind otherwise. */
export function mediaType(name: string): string {
  const suffix = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return BY_SUFFIX.get(suffix) ?? 'application/octet-stream';
}
