/**
 * What a client is called, slot by slot: identity, MAC address, client identifier, host name. Most of it follows from the
 * MAC address, which is kept as a number; text is kept only where it does not follow.
 */
import { isClientIdOfMac, macFromNumber, macToNumber } from '../values/mac.ts';
import type { Columns } from './columns.ts';
import type { Named } from './view.ts';

export interface Names {
  write(slot: number, client: Named): void;
  /** Whether the names of this client are what is written, without building any of them. */
  areOf(slot: number, client: Named): boolean;
  /** What follows reads what was written. */
  mac(slot: number): string;
  identity(slot: number): string;
  /** Whether identity() is this, without building it. */
  isIdentity(slot: number, identity: string): boolean;
  clientId(slot: number): string | undefined;
  hostname(slot: number): string | undefined;
}

/** Bits of the column `form`. */
const FORM = {
  /** The MAC address is kept as text, since it is not six octets long. */
  oddMac: 1,
  /** The identity is `mac:` and the MAC address. */
  byMac: 2,
  /** The identity is `id:` and the client identifier. */
  byClientId: 4,
  /** The client identifier is the hardware type 1 and the MAC address (RFC 2132 §9.14). */
  clientIdOfMac: 8,
} as const;

const MAC_LENGTH = 'aa:bb:cc:dd:ee:ff'.length;
const IDENTITY_LENGTH = 'mac:'.length + MAC_LENGTH;

const isPrefixed = (text: string, prefix: string, rest: string): boolean =>
  text.length === prefix.length + rest.length && text.startsWith(prefix) && text.endsWith(rest);

export function createNames(columns: Columns): Names {
  const macs = new Map<number, string>();
  const identities = new Map<number, string>();
  const clientIds: (string | undefined)[] = [];
  const hostnames: (string | undefined)[] = [];

  const mac = (slot: number): string =>
    ((columns.form[slot] as number) & FORM.oddMac) === 0
      ? macFromNumber(columns.mac[slot] as number)
      : (macs.get(slot) as string);

  const clientId = (slot: number): string | undefined =>
    ((columns.form[slot] as number) & FORM.clientIdOfMac) === 0
      ? clientIds[slot]
      : `01${mac(slot).replaceAll(':', '')}`;

  function formOf(client: Named): number {
    const isEthernet = client.mac.length === MAC_LENGTH;
    let form = isEthernet ? 0 : FORM.oddMac;
    if (isPrefixed(client.identity, 'mac:', client.mac)) form |= FORM.byMac;
    if (client.clientId === undefined) return form;
    if (isEthernet && isClientIdOfMac(client.clientId, client.mac)) form |= FORM.clientIdOfMac;
    if (isPrefixed(client.identity, 'id:', client.clientId)) form |= FORM.byClientId;
    return form;
  }

  const identity = (slot: number): string => {
    const form = columns.form[slot] as number;
    if ((form & FORM.byMac) !== 0) return `mac:${mac(slot)}`;
    if ((form & FORM.byClientId) !== 0) return `id:${clientId(slot)}`;
    return identities.get(slot) as string;
  };

  return {
    write(slot, client) {
      const before = columns.form[slot] as number;
      const form = formOf(client);
      columns.form[slot] = form;
      if ((form & FORM.oddMac) === 0) columns.mac[slot] = macToNumber(client.mac);
      else macs.set(slot, client.mac);
      if ((before & ~form & FORM.oddMac) !== 0) macs.delete(slot);
      if ((form & (FORM.byMac | FORM.byClientId)) === 0) identities.set(slot, client.identity);
      else if (identities.size > 0) identities.delete(slot);
      clientIds[slot] = (form & FORM.clientIdOfMac) === 0 ? client.clientId : undefined;
      hostnames[slot] = client.hostname;
    },
    areOf(slot, client) {
      const form = formOf(client);
      if (columns.form[slot] !== form || hostnames[slot] !== client.hostname) return false;
      const isMac =
        (form & FORM.oddMac) === 0
          ? columns.mac[slot] === macToNumber(client.mac)
          : macs.get(slot) === client.mac;
      const isIdentity =
        (form & (FORM.byMac | FORM.byClientId)) !== 0 || identities.get(slot) === client.identity;
      const isClientId = (form & FORM.clientIdOfMac) !== 0 || clientIds[slot] === client.clientId;
      return isMac && isIdentity && isClientId;
    },
    mac,
    identity,
    isIdentity(slot, text) {
      const form = columns.form[slot] as number;
      const isById = (form & (FORM.byMac | FORM.byClientId | FORM.clientIdOfMac)) === FORM.byClientId;
      if (isById) return isPrefixed(text, 'id:', clientIds[slot] as string);
      if ((form & FORM.byMac) === 0 || (form & FORM.oddMac) !== 0) return identity(slot) === text;
      return (
        text.length === IDENTITY_LENGTH &&
        text.startsWith('mac:') &&
        macToNumber(text.slice(4)) === columns.mac[slot]
      );
    },
    clientId,
    hostname: (slot) => hostnames[slot],
  };
}
