/** `pilotlight probe` and its flags. */
import { Command, Option } from 'commander';
import { CLIENT_KINDS } from '../probe/client.ts';
import { archArgument, digestArgument, durationArgument, macArgument, uuidArgument } from './arguments.ts';
import { probe } from './probe.ts';

/** Long enough for a server that pings an address before it offers it, as dnsmasq does for 3 s. */
const WAIT_SECONDS = 5;

export function probeCommand(): Command {
  return new Command('probe')
    .description('play a machine that boots from the network: who answers, and whether its files arrive')
    .option('--interface <nic>', 'where; default: the only NIC that is up')
    .addOption(new Option('--as <firmware>', 'which firmware to play').choices(CLIENT_KINDS).default('bios'))
    .option('--arch <name|number>', 'its architecture; default: x86, 64 bits for UEFI', archArgument)
    .option('--mac <mac>', "its MAC address; default: nobody's", macArgument)
    .option('--uuid <uuid>', 'its SMBIOS UUID', uuidArgument)
    .addOption(
      new Option('--wait <duration>', 'how long to listen for offers')
        .argParser(durationArgument)
        .default(WAIT_SECONDS, `${WAIT_SECONDS}s`),
    )
    .option('--sha256 <digest>', 'what the boot file must have; default: any', digestArgument)
    .option('--json', 'as JSON')
    .action(probe);
}
