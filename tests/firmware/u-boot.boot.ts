/** U-Boot on an ARM64 board finds the configuration that is made for it, and what that names; or is sent to its disk. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFeed } from '../lab/feed.ts';
import { packaged } from '../lab/packaged.ts';
import { FOREIGN_ADDRESS, SERVER_ADDRESS, startDnsmasq } from '../lab/rack.ts';
import { openScene, type Scene } from '../lab/scene.ts';
import { makeScratch } from '../lab/scratch.ts';
import { filesSent, site } from './site.ts';

/** Seconds. */
const DEADLINE = 120;

/** What U-Boot of this board has for an address, whatever its NIC says. */
const MAC = '52:52:52:52:52:52';

/** The configuration that it asks for first. */
const OWN = `pxelinux.cfg/01-${MAC.replaceAll(':', '-')}`;

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
async function openBoard(scene: Scene, scratch: string, disk: readonly string[] = []) {
  const socket = join(scratch, 'console');
  const board = scene.rack.wires.spawn('qemu-system-aarch64', [
    ...MACHINE,
    ...['-bios', packaged('u-boot-qemu', FIRMWARE)],
    ...disk,
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
    assert.deepEqual(filesSent(scene, 'tftp'), [OWN, 'guest.cpio', 'vmlinuz']);
  } finally {
    await scene.close();
    scratch.remove();
  }
});

const MENU = `name: choice
boot:
  menu:
    timeout: 1s
    items:
      - { title: Install Linux, kernel: vmlinuz, initrd: [guest.cpio], cmdline: "hostname={{ machine.name }}" }
      - { title: Not for it, file: { uefi-arm64: x.efi } }
      - { title: Local disk, local: true }
`;

test('U-Boot shows the menu, and after its timeout boots its first item', async () => {
  const scratch = makeScratch('board');
  const scene = await openScene(
    'full',
    site({ profile: MENU, texts: { 'machines/board.yaml': `mac: ${MAC}\nname: board\n` } }),
  );
  try {
    const board = await openBoard(scene, scratch.path);
    try {
      await board.type('setenv autoload no');
      await board.type('dhcp');
      await board.type('pxe get');
      const said = await board.type('pxe boot');
      assert.match(said, /choice for board\s+1:\s+Install Linux\s+2:\s+Local disk\s+Enter choice: 1:/);
      assert.match(said, /append: hostname=board\b/);
    } finally {
      await board.stop();
    }
    assert.deepEqual(filesSent(scene, 'tftp'), [OWN, 'guest.cpio', 'vmlinuz']);
  } finally {
    await scene.close();
    scratch.remove();
  }
});

/** A file that only the disk's own configuration names. U-Boot says that it reads it, and then that it is no kernel. */
const ON_DISK = 'kernel-on-disk';

/** A disk with the configuration that U-Boot looks for on disks. */
function bootableDisk(scratch: string): string[] {
  const files = join(scratch, 'disk');
  mkdirSync(join(files, 'extlinux'), { recursive: true });
  const configuration = `default disk\nlabel disk\n  kernel /${ON_DISK}\n`;
  writeFileSync(join(files, 'extlinux/extlinux.conf'), configuration);
  writeFileSync(join(files, ON_DISK), '');
  const drive = `if=none,id=d0,format=raw,readonly=on,file=fat:16:${files}`;
  return ['-drive', drive, '-device', 'virtio-blk-pci,drive=d0'];
}

/** The network comes before the disk. This board has the second command by itself; others have the first as well. */
const PXE = `setenv bootcmd_pxe 'dhcp; if pxe get; then pxe boot; fi'`;
const WAYS = [
  {
    by: 'pxe, in full mode',
    targets: 'pxe virtio0',
    foreign: false,
    says: /Config file not found/,
    sent: [],
  },
  {
    by: 'pxe, with the address of another server',
    targets: 'pxe virtio0',
    foreign: true,
    says: /missing environment variable: localcmd/,
    sent: [OWN],
  },
  // It asks for a script, and then calls itself UEFI firmware of PXE.
  {
    by: 'dhcp, in full mode',
    targets: 'dhcp virtio0',
    foreign: false,
    says: /Option in OFFER\/ACK: 43/,
    sent: [],
  },
] as const;

for (const { by, targets, foreign, says, sent } of WAYS) {
  test(`U-Boot whose profile says local goes on to its disk: ${by}`, async () => {
    const scratch = makeScratch('board');
    const scene = await openScene('full', (setup) => {
      const changed = site({ profile: 'name: disk\nboot:\n  local: true\n' })(setup);
      return foreign ? { ...changed, config: { ...changed.config, dhcp: { mode: 'off' } } } : changed;
    });
    try {
      const dnsmasq = foreign
        ? await startDnsmasq(scene.rack.host('foreign', `${FOREIGN_ADDRESS}/24`), [
            '--dhcp-range=10.77.0.100,10.77.0.199,1h',
            '--dhcp-authoritative',
            `--dhcp-boot=,,${SERVER_ADDRESS}`,
          ])
        : undefined;
      const board = await openBoard(scene, scratch.path, bootableDisk(scratch.path));
      try {
        await board.type(PXE);
        await board.type(`setenv boot_targets ${targets}`);
        const said = await board.type('run distro_bootcmd');
        const [network = '', disk = ''] = said.split('Scanning virtio 0:1');
        assert.match(network, says);
        assert.match(disk, new RegExp(`Retrieving file: /${ON_DISK}`));
      } finally {
        await board.stop();
        await dnsmasq?.stop();
      }
      assert.deepEqual(filesSent(scene, 'tftp'), sent);
    } finally {
      await scene.close();
      scratch.remove();
    }
  });
}
