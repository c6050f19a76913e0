/** U-Boot on an ARM64 board finds the configuration that is made for it, and what that names. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFeed } from '../lab/feed.ts';
import { packaged } from '../lab/packaged.ts';
import { openScene, type Scene } from '../lab/scene.ts';
import { makeScratch } from '../lab/scratch.ts';
import { filesSent, site } from './site.ts';

/** Seconds. */
const DEADLINE = 120;

/** What U-Boot of this board has for an address, whatever its NIC says. */
const MAC = '52:52:52:52:52:52';

/** The kernel is of another architecture: that it is fetched is what counts. */
const PROFILE = `name: board
boot: { kernel: vmlinuz, initrd: [guest.cpio], cmdline: "hostname={{ machine.name }}" }
`;

const FIRMWARE = 'usr/lib/u-boot/qemu_arm64/u-boot.bin';
const MACHINE = [
  ...['-accel', 'tcg', '-m', '512', '-nodefaults', '-display', 'none', '-no-reboot'],
  ...['-machine', 'virt', '-cpu', 'cortex-a57', '-device', 'virtio-net-pci,netdev=n0,romfile='],
];

/** A board whose console is typed at: resolves with what it said to each command. */
async function openBoard(scene: Scene, scratch: string) {
  const socket = join(scratch, 'console');
  const board = scene.rack.wires.spawn('qemu-system-aarch64', [
    ...MACHINE,
    ...['-bios', packaged('u-boot-qemu', FIRMWARE)],
    ...['-chardev', `socket,id=console,path=${socket},server=on,wait=on`, '-serial', 'chardev:console'],
    ...['-netdev', `tap,id=n0,ifname=${scene.rack.tap()},script=no,downscript=no`],
  ]);
  const gone = new Promise<void>((resolve) => board.once('close', () => resolve()));
  const listening = createFeed<string>((line) => line);
  board.stderr?.on('data', (bytes: Buffer) => listening.push(bytes.toString()));
  await listening.waitFor('QEMU waits', (line) => line.includes('waiting for connection'), { seconds: 30 });
  const console = connect(socket);
  const said = createFeed<string>((text) => text);
  let text = '';
  console.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    said.push(text);
  });
  const until = (pattern: RegExp, from = 0) =>
    said.waitFor(`U-Boot says ${pattern}`, (all) => pattern.test(all), { seconds: DEADLINE, from });
  await until(/Hit any key/);
  console.write('\r');
  await until(/=> $/);
  return {
    async type(command: string): Promise<string> {
      text = '';
      const from = said.all.length;
      console.write(`${command}\r`);
      return until(/=> $/, from);
    },
    async stop() {
      console.destroy();
      board.kill('SIGKILL');
      await gone;
    },
  };
}

test('U-Boot is told of the kernel that its profile names', async () => {
  const scratch = makeScratch('board');
  const scene = await openScene(
    'full',
    site({
      profile: PROFILE,
      texts: { 'machines/board.yaml': `mac: ${MAC}\nname: board\n` },
    }),
  );
  try {
    const board = await openBoard(scene, scratch.path);
    try {
      await board.type('setenv autoload no');
      assert.match(await board.type('dhcp'), /DHCP client bound to address 10\.77\.0\./);
      assert.match(await board.type('pxe get'), /Config file .* found/);
      assert.match(await board.type('pxe boot'), /append: hostname=board\b/);
      await scene.server.records.waitFor(
        'the kernel is sent',
        ({ event, file }) => event === 'done' && file === 'vmlinuz',
        { seconds: DEADLINE },
      );
    } finally {
      await board.stop();
    }
    const own = `pxelinux.cfg/01-${MAC.replaceAll(':', '-')}`;
    assert.deepEqual(filesSent(scene, 'tftp'), [own, 'guest.cpio', 'vmlinuz']);
  } finally {
    await scene.close();
    scratch.remove();
  }
});
