/** Addresses as Node's sockets tell them, in the writing that the rest of the house uses. */

export interface PlainAddress {
  /** Dotted decimal, or an IPv6 address without zone. */
  readonly address: string;
  /** The NIC on whose link a link-local address is. */
  readonly nic: string | undefined;
}

/**
 * `::ffff:10.0.0.1`, an IPv4 peer on a dual-stack socket (RFC 4291 §2.5.5.2) → `10.0.0.1`; `fe80::1%eth1` → `fe80::1` on eth1;
 * all else as it is.
 */
export function plainAddress(text: string): PlainAddress {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  const [address = '', nic] = text.split('%');
  return { address: mapped?.[1] ?? address, nic };
}
