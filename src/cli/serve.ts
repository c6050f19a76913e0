/** `pilotlight serve`: the main job, from start to signal. */
import { type App, startApp } from '../app.ts';
import type { Config } from '../config/model.ts';
import { createLog } from '../journal/log.ts';
import { StoreUnavailable } from '../leases/store.ts';
import { createLinuxNetwork } from '../net/linux.ts';
import { NetError } from '../net/udp.ts';
import { InventoryBroken } from '../serve/inventory.ts';
import { addressesOf } from '../serve/nics.ts';
import { formatHost, formatIp } from '../values/ip.ts';
import { type ConfigFlag, configOrExit, printDiagnostics } from './load.ts';
import { version } from './version.ts';

export async function serve(flags: ConfigFlag): Promise<void> {
  const config = await configOrExit(flags);
  if (config === undefined) return;
  const readable = process.stdout.isTTY === true;
  const log = createLog({ level: config.log.level, pretty: readable });
  let app: App | undefined;
  // From the first moment: as a container's first process, nothing else makes us heed a SIGTERM.
  onSignals(log, () => app);
  try {
    const network = createLinuxNetwork();
    app = await startApp({ config, network, log, version: version(), readable });
  } catch (error) {
    refuse(error);
    return;
  }
  const { ports } = app;
  const nics = app
    .nics()
    .map(
      (nic) =>
        `${nic.name} ${[...nic.addresses, ...nic.addresses6].map(({ address }) => formatIp(address)).join(' ')}`,
    );
  const { profiles, machines } = app.inventory();
  log.info(
    {
      mode: config.dhcp.mode,
      nics,
      ports,
      config: config.file ?? 'defaults',
      profiles: profiles.map(({ name }) => name),
      machines: machines.all.length,
    },
    'ready',
  );
  if (readable) process.stdout.write(greeting(config, app));
}

/** A start that failed for a reason that the operator can mend: told without a stack. */
function refuse(error: unknown): void {
  process.exitCode = 1;
  if (error instanceof InventoryBroken) {
    printDiagnostics(error.result.diagnostics);
    process.stderr.write('pilotlight: not started, since profiles or machines are broken\n');
    return;
  }
  if (!(error instanceof NetError || error instanceof StoreUnavailable)) throw error;
  process.stderr.write(`pilotlight: not started: ${error.message}\n    hint: ${error.hint}\n`);
}

/** `running` gives nothing while the start is under way: then there is nothing to close that the kernel does not. */
function onSignals(log: ReturnType<typeof createLog>, running: () => App | undefined): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    const closed = running()?.close() ?? Promise.resolve();
    closed.then(
      () => {
        log.info('stopped');
        log.flush(() => process.exit(0));
      },
      (error: unknown) => {
        log.error({ err: error }, 'stopped badly');
        log.flush(() => process.exit(1));
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => void running()?.reload());
}

/** What an operator at a terminal wants to know first. */
function greeting(config: Config, app: App): string {
  const { mode } = config.dhcp;
  const { profiles, machines } = app.inventory();
  const what = {
    full: 'answers DHCP and boots machines',
    proxy: "boots machines beside the network's own DHCP server, and gives no addresses",
    off: 'serves files only',
  }[mode];
  const lines = ['', `Pilotlight ${what}.`, ''];
  for (const nic of app.nics()) {
    lines.push(`  ${nic.name.padEnd(10)} ${addressesOf(nic).join(' ')}`);
  }
  const ports = Object.entries(app.ports).map(([use, port]) => `${use} ${port}`);
  lines.push(`  ports      ${ports.join(', ')}`);
  lines.push(`  profiles   ${profiles.map(({ name }) => name).join(', ') || 'none'} (${config.profiles})`);
  lines.push(`  machines   ${machines.all.length} (${config.machines})`);
  lines.push(`  files      ${[config.tftp.root, ...config.tftp.search].join(', ')}`, '');
  lines.push(...nextSteps(config, app), '');
  return `${lines.join('\n')}\n`;
}

function nextSteps(config: Config, app: App): string[] {
  const [nic] = app.nics();
  const address = (nic?.addresses[0] ?? nic?.addresses6[0])?.address;
  const steps = [
    'Next: switch on a machine that boots from the network on the same link, and watch it here.',
  ];
  if (config.file === undefined) {
    steps.push(
      '      Write ./pilotlight.yaml to choose interfaces or full DHCP; profiles say what machines boot.',
    );
  }
  steps.push('      bin/pilotlight explain --mac MAC tells what a machine would get, and why.');
  if (address !== undefined)
    steps.push(`      http://${formatHost(address)}:${app.ports['http']}/v1/status tells how it goes.`);
  return steps;
}
