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
    log.listen((line) => {
      const record = recordOf(line, Date.now());
      if (record !== undefined) records.push(record);
    });
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
 * A line of dnsmasq's log as the record that Pilotlight would have written: of a DISCOVER, told with the tags of its
 * client, and of a file that was sent.
 */
export function recordOf(line: string, time: number): LogRecord | undefined {
  const file = /\bsent (\S+) to /.exec(line)?.[1];
  if (file !== undefined) return { time, level: 30, msg: line, kind: 'transfer', event: 'done', file };
  if (/\bDHCPDISCOVER\(/.test(line))
    return { time, level: 30, msg: line, kind: 'decision', message: 'DISCOVER' };
  return undefined;
}
