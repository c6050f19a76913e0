/** Values of flags and arguments: text → value, or what is wanted instead. */
import { InvalidArgumentError, Option } from 'commander';
import { ARCH_NAMES, archCode } from '../boot/arch.ts';
import { parseDuration } from '../values/duration.ts';
import { type Ipv4, parseIpv4, parseSubnet, type Subnet } from '../values/ipv4.ts';
import { type Mac, parseMac } from '../values/mac.ts';
import { nearest } from '../yaml/nearest.ts';

export function macArgument(text: string): Mac {
  const mac = parseMac(text);
  if (mac === undefined)
    throw new InvalidArgumentError('A MAC address is wanted, such as 52:54:00:aa:00:01.');
  return mac;
}

export function ipv4Argument(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new InvalidArgumentError('An IPv4 address is wanted, such as 10.11.11.1.');
  return address;
}

export function archArgument(text: string): string | number {
  // Option 93 holds 16 bits.
  if (/^\d{1,5}$/.test(text) && Number(text) <= 0xffff) return Number(text);
  if (archCode(text) !== undefined) return text;
  const guess = nearest(text, ARCH_NAMES);
  const hint = guess === undefined ? `Known: ${ARCH_NAMES.join(' ')}.` : `Nearest known: ${guess}.`;
  throw new InvalidArgumentError(`No such architecture. ${hint}`);
}

export function uuidArgument(text: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('A UUID is wanted, such as 4c4c4544-0042-3510-8052-b7c04f384a32.');
}

/** SHA-256 in hex. */
export function digestArgument(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('A SHA-256 digest is wanted: 64 hex digits, as sha256sum prints them.');
}

export function subnetArgument(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet !== undefined) return subnet;
  throw new InvalidArgumentError('A subnet is wanted, such as 10.11.11.0/24.');
}

/** Seconds. */
export function durationArgument(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds > 0) return seconds;
  throw new InvalidArgumentError('A duration is wanted, such as 10s or 1m.');
}

export const configOption = (): Option =>
  new Option('-c, --config <file>', 'the configuration; default: ./pilotlight.yaml, else safe defaults');
