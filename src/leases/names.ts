/**
 * What a client is called, slot by slot: identity, MAC address, client identifier, host name. Most of it follows from the
 * MAC address, which is kept as a number; text is kept only where it does not follow.
 */
import { isClientIdOfMac, macFromNumber, macToNumber } from '../values/mac.ts';
import type { Columns } from './columns.ts';
import type { Binding } from './store.ts';

export interface Names {
  write(slot: number, binding: Binding): void;
  /** Whether the names of this binding are what is written, without building any of them. */
  areOf(slot: number, binding: Binding): boolean;
  /** Whether mac() is this, without building it. */
  isMac(slot: number, mac: string): boolean;
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

  const isMac = (slot: number, text: string): boolean => {
    if (((columns.form[slot] as number) & FORM.oddMac) !== 0) return macs.get(slot) === text;
    return text.length === MAC_LENGTH && columns.mac[slot] === macToNumber(text);
  };

  const clientId = (slot: number): string | undefined =>
    ((columns.form[slot] as number) & FORM.clientIdOfMac) === 0
      ? clientIds[slot]
      : `01${mac(slot).replaceAll(':', '')}`;

  function formOf(binding: Binding): number {
    const isEthernet = binding.mac.length === MAC_LENGTH;
    let form = isEthernet ? 0 : FORM.oddMac;
    if (isPrefixed(binding.identity, 'mac:', binding.mac)) form |= FORM.byMac;
    if (binding.clientId === undefined) return form;
    if (isEthernet && isClientIdOfMac(binding.clientId, binding.mac)) form |= FORM.clientIdOfMac;
    if (isPrefixed(binding.identity, 'id:', binding.clientId)) form |= FORM.byClientId;
    return form;
  }

  const identity = (slot: number): string => {
    const form = columns.form[slot] as number;
    if ((form & FORM.byMac) !== 0) return `mac:${mac(slot)}`;
    if ((form & FORM.byClientId) !== 0) return `id:${clientId(slot)}`;
    return identities.get(slot) as string;
  };

  return {
    write(slot, binding) {
      const before = columns.form[slot] as number;
      const form = formOf(binding);
      columns.form[slot] = form;
      if ((form & FORM.oddMac) === 0) columns.mac[slot] = macToNumber(binding.mac);
      else macs.set(slot, binding.mac);
      if ((before & ~form & FORM.oddMac) !== 0) macs.delete(slot);
      if ((form & (FORM.byMac | FORM.byClientId)) === 0) identities.set(slot, binding.identity);
      else if (identities.size > 0) identities.delete(slot);
      clientIds[slot] = (form & FORM.clientIdOfMac) === 0 ? binding.clientId : undefined;
      hostnames[slot] = binding.hostname;
    },
    areOf(slot, binding) {
      const form = formOf(binding);
      if (columns.form[slot] !== form || hostnames[slot] !== binding.hostname) return false;
      const isIdentity =
        (form & (FORM.byMac | FORM.byClientId)) !== 0 || identities.get(slot) === binding.identity;
      const isClientId = (form & FORM.clientIdOfMac) !== 0 || clientIds[slot] === binding.clientId;
      return isMac(slot, binding.mac) && isIdentity && isClientId;
    },
    isMac,
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
