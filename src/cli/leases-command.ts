/** `pilotlight leases` and what belongs to it. */
import { Argument, Command, Option } from 'commander';
import { LEASE_STATES } from '../leases/entries.ts';
import { LEASE_FORMATS } from '../leases/formats/formats.ts';
import { configOption, ipv4Argument, macArgument, subnetArgument } from './arguments.ts';
import { leases } from './leases.ts';
import { exportCommand } from './leases-export.ts';
import { importCommand } from './leases-import.ts';
import { releaseCommand } from './leases-release.ts';

export function leasesCommand(): Command {
  const command = new Command('leases')
    .description('the bindings of full mode, from the running server or, when it is down, from its state')
    .addOption(configOption())
    .option('--mac <mac>', 'only of this MAC address', macArgument)
    .option('--ip <address>', 'only of this address', ipv4Argument)
    .option('--subnet <cidr>', 'only within this subnet', subnetArgument)
    .addOption(new Option('--state <state>', 'only in this state').choices(LEASE_STATES))
    .option('--pools', 'how full the pools are, instead')
    .option('--json', 'as JSON')
    .action(leases)
    // What follows a subcommand is the subcommand's.
    .enablePositionalOptions();

  command
    .command('release')
    .description('end a binding: its address is free, its client remembered')
    .addArgument(new Argument('<address>', 'the address').argParser(ipv4Argument))
    .addOption(configOption())
    .action((ip, _flags, release: Command) => releaseCommand(ip, release.optsWithGlobals()));

  command
    .command('import')
    .description("take over another server's leases, so that nobody is renumbered; this one must be down")
    .argument('<file>', 'dhcpd.leases, kea-leases4.csv or dnsmasq.leases')
    .addOption(new Option('--format <format>', 'what it is; default: as it looks').choices(LEASE_FORMATS))
    .option('--skip-bad', 'leave out what cannot be understood; default: import nothing then')
    .addOption(configOption())
    .action((file, _flags, from: Command) => importCommand(file, from.optsWithGlobals()));

  command
    .command('export')
    .description("the leases as another server's file, on stdout")
    .addOption(new Option('--format <format>', 'what to write').choices(['kea-csv']).default('kea-csv'))
    .addOption(configOption())
    .action((_flags, to: Command) => exportCommand(to.optsWithGlobals()));

  return command;
}
