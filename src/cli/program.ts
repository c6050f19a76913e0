/** The commands and their flags (contract). What each does is in the file of its name. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { ARCH_NAMES, archCode } from '../boot/arch.ts';
import { type Ipv4, parseIpv4 } from '../values/ipv4.ts';
import { type Mac, parseMac } from '../values/mac.ts';
import { nearest } from '../yaml/nearest.ts';
import { check } from './check.ts';
import { explainCommand } from './explain.ts';
import { leases } from './leases.ts';
import { serve } from './serve.ts';
import { version } from './version.ts';

function macArgument(text: string): Mac {
  const mac = parseMac(text);
  if (mac === undefined)
    throw new InvalidArgumentError('A MAC address is wanted, such as 52:54:00:aa:00:01.');
  return mac;
}

function ipv4Argument(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new InvalidArgumentError('An IPv4 address is wanted, such as 10.11.11.1.');
  return address;
}

function archArgument(text: string): string | number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  if (archCode(text) !== undefined) return text;
  const guess = nearest(text, ARCH_NAMES);
  const hint = guess === undefined ? `Known: ${ARCH_NAMES.join(' ')}.` : `Nearest known: ${guess}.`;
  throw new InvalidArgumentError(`No such architecture. ${hint}`);
}

function uuidArgument(text: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('A UUID is wanted, such as 4c4c4544-0042-3510-8052-b7c04f384a32.');
}

const configOption = (): Option =>
  new Option('-c, --config <file>', 'the configuration; default: ./pilotlight.yaml, else safe defaults');

export function createProgram(): Command {
  const program = new Command('pilotlight')
    .description('Boots racks: DHCP or proxyDHCP, TFTP and HTTP in one process.')
    .version(version())
    .showHelpAfterError('(pilotlight --help lists the commands and flags)');

  program
    .command('serve')
    .description('answer machines until told to stop')
    .addOption(configOption())
    .action(serve);

  program
    .command('check')
    .description('check configuration, profiles and machines; exit code 1 if anything is wrong')
    .addOption(configOption())
    .action(check);

  program
    .command('explain')
    .description('what a client would get, and why, rule by rule')
    .addOption(configOption())
    .requiredOption('--mac <mac>', 'its MAC address', macArgument)
    .option('--arch <name|number>', 'its architecture, by name or number; default: bios', archArgument)
    .option('--ipxe', 'it is iPXE already')
    .option('--uuid <uuid>', 'its SMBIOS UUID', uuidArgument)
    .option('--vendor-class <text>', 'its option 60')
    .option('--user-class <text>', 'its option 77')
    .option('--giaddr <address>', 'the relay it comes through', ipv4Argument)
    .option('--circuit-id <text>', "the relay's circuit id (option 82.1)")
    .option('--json', 'as JSON')
    .action(explainCommand);

  program
    .command('leases')
    .description('the bindings of full mode')
    .addOption(configOption())
    .option('--json', 'as JSON')
    .action(leases);

  return program;
}
