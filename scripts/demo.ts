/**
 * Shows a boot: Pilotlight and a bare machine in private network namespaces, in one terminal, from power on to Linux.
 *
 *   npm run demo [-- --uefi] [--proxy]
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GUEST_MARKER } from '../tests/lab/guest.ts';
import type { Firmware, Machine } from '../tests/lab/machine.ts';
import { BOOT_DEADLINE, openScene, type SceneMode } from '../tests/lab/scene.ts';
import { createScreen, type Screen } from './demo/screen.ts';
import { stagesOf } from './demo/stages.ts';

const HELP = `Usage: npm run demo [-- OPTIONS]

Boots a machine under QEMU from Pilotlight, in network namespaces of its own, and shows what both of them do.

  --uefi    a UEFI machine (OVMF and its own PXE client) instead of a BIOS one
  --proxy   proxy mode: beside a foreign DHCP server (dnsmasq) that gives addresses only
  --help    this text
`;

const SCENERY: Readonly<Record<SceneMode, string>> = {
  full: 'Pilotlight is the DHCP server of this network.',
  proxy: 'A foreign DHCP server gives the addresses; Pilotlight adds what is needed to boot.',
};

async function boot(mode: SceneMode, firmware: Firmware, screen: Screen): Promise<void> {
  screen.say(`A ${firmware === 'uefi' ? 'UEFI' : 'BIOS'} machine without a disk. ${SCENERY[mode]}\n`);
  const scene = await openScene(mode);
  const before = scene.server.records.all.length;
  let machine: Machine | undefined;
  try {
    machine = scene.powerOn(firmware);
    screen.powerOn(machine.poweredOnAt);
    scene.server.records.listen(screen.server);
    scene.foreign?.log.listen((text) => screen.foreign(Date.now(), text));
    machine.serial.listen(({ at, text }) => screen.machine(at, text));
    await machine.waitFor(new RegExp(GUEST_MARKER), BOOT_DEADLINE);
    await machine.waitFor(/^cmdline: /, 10);
  } finally {
    await machine?.stop();
    await scene.close();
  }
  screen.summary(stagesOf({ records: scene.server.records.all.slice(before), serial: machine.serial.all }));
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { uefi: { type: 'boolean' }, proxy: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const screen = createScreen(process.stdout);
  if (values.help === true) {
    screen.say(HELP);
    return 0;
  }
  if (process.getuid?.() !== 0) {
    screen.say('The demo makes network namespaces, which needs root: sudo npm run demo');
    return 1;
  }
  execFileSync(join(import.meta.dirname, 'packages'), ['demo'], { stdio: 'inherit' });
  process.once('SIGINT', () => screen.say('\nStopped; everything that the demo made is removed.'));
  await boot(values.proxy === true ? 'proxy' : 'full', values.uefi === true ? 'uefi' : 'bios', screen);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
