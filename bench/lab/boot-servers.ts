/** What a bare machine is booted from in the boot benchmark: Pilotlight, and dnsmasq as its users set it up. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareGuest } from '../../tests/lab/guest.ts';
import { type Firmware, type Machine, startMachine } from '../../tests/lab/machine.ts';
import { openRack, SERVER_ADDRESS, startDnsmasq } from '../../tests/lab/rack.ts';
import { NODE, openScene } from '../../tests/lab/scene.ts';
import { makeScratch } from '../../tests/lab/scratch.ts';
import type { LogRecord } from '../../tests/lab/server.ts';

/** A server on a rack of its own, and the rack's one machine. */
export interface BootServer {
  readonly name: string;
  /** Everything that the server has told so far. */
  readonly records: readonly LogRecord[];
  powerOn(): Machine;
  close(): Promise<void>;
}

const IPXE = '/usr/lib/ipxe';
const PROGRAMS = ['undionly.kpxe', 'snponly.efi'] as const;

/** Full mode, and nothing set that a new user would not set. */
export async function startPilotlight(firmware: Firmware): Promise<BootServer> {
  const scene = await openScene('full', ({ config, ...rest }) => ({
    ...rest,
    config: { ...config, log: { level: 'info' } },
  }));
  return {
    name: 'pilotlight',
    records: scene.server.records.all,
    powerOn: () => scene.powerOn(firmware),
    close: scene.close,
  };
}

/** iPXE by option 175, its script and all files by TFTP: the only way to send a file that dnsmasq has. */
export async function startDnsmasqBoot(firmware: Firmware): Promise<BootServer> {
  const rack = openRack();
  const scratch = makeScratch('dnsmasq-boot');
  const root = join(scratch.path, 'tftpboot');
  const guest = prepareGuest();
  mkdirSync(root);
  for (const program of PROGRAMS) copyFileSync(join(IPXE, program), join(root, program));
  copyFileSync(guest.kernel, join(root, 'vmlinuz'));
  copyFileSync(guest.initrd, join(root, 'guest.cpio'));
  const kernel = `kernel vmlinuz initrd=guest.cpio hostname=${NODE.name} console=ttyS0`;
  writeFileSync(join(root, 'boot.ipxe'), ['#!ipxe', kernel, 'initrd guest.cpio', 'boot', ''].join('\n'));
  const [bios, uefi] = PROGRAMS;
  const records: LogRecord[] = [];
  const close = async (): Promise<void> => {
    await rack.close();
    scratch.remove();
  };
  try {
    const { log } = await startDnsmasq(rack.server, [
      '--dhcp-authoritative',
      '--dhcp-range=10.77.0.50,10.77.0.99,1h',
      `--dhcp-option=option:router,${SERVER_ADDRESS}`,
      '--dhcp-match=set:ipxe,175',
      '--dhcp-match=set:bios,option:client-arch,0',
      `--dhcp-boot=tag:!ipxe,tag:bios,${bios}`,
      `--dhcp-boot=tag:!ipxe,tag:!bios,${uefi}`,
      '--dhcp-boot=tag:ipxe,boot.ipxe',
      '--enable-tftp',
      `--tftp-root=${root}`,
    ]);
    log.listen(createLogReader((record) => records.push(record)));
  } catch (error) {
    await close();
    throw error;
  }
  const tap = rack.tap();
  return {
    name: 'dnsmasq',
    records,
    powerOn: () => startMachine({ firmware, inside: rack.wires, tap, mac: NODE.mac }),
    close,
  };
}

/**
 * Reads dnsmasq's log as the records that Pilotlight would have written: of a DISCOVER, whose client's tags a later line
 * tells, and of a file that was sent. It tells a DISCOVER after it has pinged the address that it is about to
 * offer, three seconds late: the stage that ends there looks as much longer as the next one looks shorter.
 */
function createLogReader(onRecord: (record: LogRecord) => void): (line: string) => void {
  let discovered: number | undefined;
  return (msg) => {
    const time = Date.now();
    const file = /\bsent (\S+) to /.exec(msg)?.[1];
    if (file !== undefined) onRecord({ time, level: 30, msg, kind: 'transfer', event: 'done', file });
    if (/\bDHCPDISCOVER\(/.test(msg)) discovered = time;
    const tags = / tags: (.*)$/.exec(msg)?.[1];
    if (tags === undefined || discovered === undefined) return;
    const stage = /\bipxe\b/.test(tags) ? 'ipxe' : 'rom';
    onRecord({ time: discovered, level: 30, msg, kind: 'decision', message: 'DISCOVER', stage });
    discovered = undefined;
  };
}
