/** A bare machine under QEMU: power, disk, serial console. */
import { createFeed, type Feed } from './feed.ts';
import { readLines } from './lines.ts';
import type { Namespace } from './netns.ts';
import { type Firmware, platformOf } from './platforms.ts';
import { makeScratch } from './scratch.ts';

export type { Firmware } from './platforms.ts';

/** A raw image, or a directory whose files QEMU puts into a FAT file system. */
export type Disk = { readonly image: string } | { readonly files: string };

export interface MachineOptions {
  readonly firmware: Firmware;
  /** Where the tap is. */
  readonly inside: Namespace;
  readonly tap: string;
  readonly mac: string;
  /** The second boot device after the NIC. */
  readonly disk?: Disk | undefined;
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
  /** The same for what a dialog draws, which ends no line. */
  waitForDialog(pattern: RegExp, seconds: number): Promise<void>;
  /** Pulls the plug. Idempotent; a machine that powered itself off needs it too. */
  stop(): Promise<void>;
}

const COMMON = ['-accel', 'tcg', '-m', '512', '-nodefaults', '-display', 'none', '-no-reboot'];
const SERIAL = ['-chardev', 'stdio,id=serial,signal=off', '-serial', 'chardev:serial'];

function diskArguments(disk: Disk | undefined): string[] {
  if (disk === undefined) return [];
  const source = 'image' in disk ? `file=${disk.image}` : `readonly=on,file=fat:16:${disk.files}`;
  return ['-drive', `if=none,id=d0,format=raw,${source}`, '-device', 'virtio-blk-pci,drive=d0,bootindex=2'];
}

/** Switches a machine on. */
export function startMachine(options: MachineOptions): Machine {
  const scratch = makeScratch('machine');
  const netdev = ['-netdev', `tap,id=n0,ifname=${options.tap},script=no,downscript=no`];
  const platform = platformOf(options.firmware, { scratch: scratch.path, mac: options.mac });
  const poweredOnAt = Date.now();
  const qemu = options.inside.spawn(platform.emulator, [
    ...COMMON,
    ...SERIAL,
    ...netdev,
    ...platform.arguments,
    ...diskArguments(options.disk),
  ]);
  const serial = createFeed<SerialLine>((line) => line.text);
  const drawn = createFeed<string>((text) => text.slice(-200));
  const errors: string[] = [];
  const gone = new Promise<void>((resolve) => {
    qemu.once('close', () => {
      const off = `the machine is off ${errors.join(' ')}`.trimEnd();
      serial.end(off);
      drawn.end(off);
      scratch.remove();
      resolve();
    });
  });
  if (qemu.stdout !== null)
    readLines(qemu.stdout, (text) => serial.push({ at: Date.now(), text }), drawn.push);
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
    async waitForDialog(pattern, seconds) {
      await drawn.waitFor(`dialog of ${options.mac}: waiting for ${pattern}`, (text) => pattern.test(text), {
        seconds,
      });
    },
    async stop() {
      qemu.kill('SIGKILL');
      await gone;
    },
  };
}
