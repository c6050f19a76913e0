/** The commands and their flags (contract). What each does is in the file of its name. */
import { Argument, Command } from 'commander';
import { DIALECTS } from '../dialects/dialects.ts';
import { archArgument, configOption, ipv4Argument, macArgument, uuidArgument } from './arguments.ts';
import { check } from './check.ts';
import { explainCommand } from './explain.ts';
import { leasesCommand } from './leases-command.ts';
import { printConfig } from './print-config.ts';
import { probeCommand } from './probe-command.ts';
import { serve } from './serve.ts';
import { version } from './version.ts';

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

  program.addCommand(leasesCommand());
  program.addCommand(probeCommand());

  program
    .command('print-config')
    .description('lines for the DHCP server that a site has already, where proxyDHCP does not reach')
    .addArgument(new Argument('<dialect>', 'what that server is').choices(Object.keys(DIALECTS)))
    .addOption(configOption())
    .option('--interface <nic>', 'the NIC whose network the lines are for')
    .option(
      '--server <address>',
      'the address that machines are told; default: that of the NIC',
      ipv4Argument,
    )
    .action(printConfig);

  return program;
}
