/** A bare machine under QEMU, without KVM so that it behaves the same everywhere: power, firmware, serial console. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFeed, type Feed } from './feed.ts';
import { readLines } from './lines.ts';
import type { Namespace } from './netns.ts';
import { makeScratch } from './scratch.ts';

export type Firmware = 'bios' | 'uefi';

export interface MachineOptions {
  /** bios: SeaBIOS with iPXE as the NIC's ROM. uefi: OVMF with its own PXE client. */
  readonly firmware: Firmware;
  /** Where the tap is. */
  readonly inside: Namespace;
  readonly tap: string;
  readonly mac: string;
  /** A raw image, the second boot device after the NIC. */
  readonly disk?: string;
}

export interface SerialLine {
  /** Unix milliseconds of the line's end. */
  readonly at: number;
  readonly text: string;
}

export interface Machine {
  readonly mac: string;
  /** Unix milliseconds. */
  readonly poweredOnAt: number;
  readonly serial: Feed<SerialLine>;
  /** The first serial line that matches, also one that has already come. Rejects after so many seconds. */
  waitFor(pattern: RegExp, seconds: number): Promise<RegExpExecArray>;
  /** Pulls the plug. Idempotent; a machine that powered itself off needs it too. */
  stop(): Promise<void>;
}

const COMMON = ['-accel', 'tcg', '-m', '512', '-nodefaults', '-display', 'none', '-no-reboot'];
const SERIAL = ['-chardev', 'stdio,id=serial,signal=off', '-serial', 'chardev:serial'];

function firmwareArguments(options: MachineOptions, scratch: string): string[] {
  const { firmware, mac } = options;
  if (firmware === 'bios') {
    // Without graphics SeaBIOS and its successors write their text to the serial port.
    return [
      '-machine',
      'pc,graphics=off',
      '-vga',
      'none',
      '-device',
      `e1000,netdev=n0,mac=${mac},bootindex=1`,
    ];
  }
  const variables = join(scratch, 'vars.fd');
  copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', variables);
  return [
    ...['-machine', 'q35', '-vga', 'none', '-device', 'virtio-rng-pci'],
    ...['-drive', 'if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'],
    ...['-drive', `if=pflash,format=raw,file=${variables}`],
    // An empty romfile leaves the NIC without iPXE: the firmware's own PXE client boots.
    ...['-device', `virtio-net-pci,netdev=n0,mac=${mac},romfile=,bootindex=1`],
  ];
}

function diskArguments(disk: string | undefined): string[] {
  if (disk === undefined) return [];
  return [
    '-drive',
    `if=none,id=d0,format=raw,file=${disk}`,
    '-device',
    'virtio-blk-pci,drive=d0,bootindex=2',
  ];
}

/** Switches a machine on. */
export function startMachine(options: MachineOptions): Machine {
  const scratch = makeScratch('machine');
  const netdev = ['-netdev', `tap,id=n0,ifname=${options.tap},script=no,downscript=no`];
  const firmware = firmwareArguments(options, scratch.path);
  const poweredOnAt = Date.now();
  const qemu = options.inside.spawn('qemu-system-x86_64', [
    ...COMMON,
    ...SERIAL,
    ...netdev,
    ...firmware,
    ...diskArguments(options.disk),
  ]);
  const serial = createFeed<SerialLine>((line) => line.text);
  const errors: string[] = [];
  const gone = new Promise<void>((resolve) => {
    qemu.once('close', () => {
      serial.end(`the machine is off ${errors.join(' ')}`.trimEnd());
      scratch.remove();
      resolve();
    });
  });
  if (qemu.stdout !== null) readLines(qemu.stdout, (text) => serial.push({ at: Date.now(), text }));
  if (qemu.stderr !== null) readLines(qemu.stderr, (text) => errors.push(text));

  return {
    mac: options.mac,
    poweredOnAt,
    serial,
    async waitFor(pattern, seconds) {
      const what = `serial console of ${options.mac}: waiting for ${pattern}`;
      const line = await serial.waitFor(what, ({ text }) => pattern.test(text), { seconds });
      const match = pattern.exec(line.text);
      if (match === null) throw new Error(`${pattern} must not keep state (flags g and y)`);
      return match;
    },
    async stop() {
      qemu.kill('SIGKILL');
      await gone;
    },
  };
}
