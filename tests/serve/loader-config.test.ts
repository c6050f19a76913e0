/** What loaders fetch by names of their own: the way to the disk, and a kernel for U-Boot. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { imagine } from '../../src/decide/imagine.ts';
import type { BootMethod } from '../../src/profiles/model.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createRendering } from '../../src/serve/render.ts';
import { kernelBoot, machine, profile, template, world } from '../decide/world.ts';
import { ip } from '../leases/rules.ts';

const MAC = '52:54:00:aa:00:01';
const LOCAL: BootMethod = { kind: 'local' };

function file(path: string, boot: BootMethod, { uboot = false, known = true, own = '' } = {}) {
  const clients = createClients();
  const { facts } = imagine({ mac: MAC, vendorClass: 'U-Boot.armv8' }, { nic: 'eth1', localAddress: 1 });
  if (uboot) clients.saw(facts);
  const files = new Map(own === '' ? [] : [[path, template(own)]]);
  const where = world('full', [profile('p', { boot, files })], [machine(MAC, { name: 'node1' })]);
  const { virtual } = createRendering(clients, () => where);
  const got = virtual(path, {
    mac: known ? MAC : undefined,
    address: ip('10.11.11.50'),
    serverAddress: ip('10.11.11.1'),
  });
  return got === undefined ? undefined : 'text' in got ? got.text : `fault: ${got.detail}`;
}

describe('a machine whose profile says local', () => {
  for (const path of [
    'pxelinux.cfg/01-52-54-00-aa-00-01',
    'pxelinux.cfg/0A0B0B32',
    'pxelinux.cfg/default',
    'pxelinux.cfg/default-arm-bcm283x',
    'bios/pxelinux.cfg/default',
  ]) {
    test(`${path} says so to PXELINUX and U-Boot`, () => {
      assert.match(file(path, LOCAL) ?? '', /^DEFAULT local\n[\s\S]*^ {2}LOCALBOOT 0$/m);
    });
  }
  for (const path of [
    'grub/grub.cfg',
    'grub/grub.cfg-01-52-54-00-aa-00-01',
    'EFI/debian/grub.cfg',
    'grub.cfg-0A0B0B32',
  ]) {
    test(`${path} says so to GRUB`, () => {
      const text = file(path, LOCAL) ?? '';
      assert.match(text, /chainloader \(\$disk\)\$loader/);
      assert.match(
        text,
        /^ {2}for loader in \/EFI\/BOOT\/BOOTX64\.EFI [^;]*\/EFI\/Microsoft\/Boot\/bootmgfw\.efi; do$/m,
      );
      assert.match(text, /^exit$/m);
    });
  }
  for (const path of [
    'pxelinux.0',
    'pxelinux.cfg',
    'grub/x86_64-efi/command.lst',
    'grub.cfg.bak',
    'isolinux.cfg',
  ]) {
    test(`${path} is a file like any other`, () => assert.equal(file(path, LOCAL), undefined));
  }
  test('a file of its profile comes first', () => {
    assert.equal(file('pxelinux.cfg/default', LOCAL, { own: 'mine' }), 'mine');
  });
  test('nobody knows who asks: what lies on disk', () => {
    assert.equal(file('pxelinux.cfg/default', LOCAL, { known: false }), undefined);
  });
});

describe('U-Boot under a profile that boots a kernel', () => {
  test('gets it in the words it understands', () => {
    assert.equal(
      file('pxelinux.cfg/01-52-54-00-aa-00-01', kernelBoot('hostname={{ machine.name }}\n quiet'), {
        uboot: true,
      }),
      `# Pilotlight: p for node1
DEFAULT linux
PROMPT 0
LABEL linux
  LINUX /debian/vmlinuz
  INITRD /debian/initrd.gz
  APPEND hostname=node1 quiet
`,
    );
  });
  test('without initrd and command line', () => {
    const boot: BootMethod = {
      kind: 'kernel',
      kernel: template('http://m/Image'),
      initrd: [],
      cmdline: undefined,
    };
    assert.match(
      file('pxelinux.cfg/default-arm', boot, { uboot: true }) ?? '',
      /LABEL linux\n {2}LINUX http:\/\/m\/Image\n$/,
    );
  });
  test('a template that fails is told of', () => {
    assert.match(
      file('pxelinux.cfg/default', kernelBoot('{{ machine.vars.x }}'), { uboot: true }) ?? '',
      /^fault: /,
    );
  });
  test('PXELINUX does not: what lies on disk is its own', () => {
    assert.equal(file('pxelinux.cfg/default', kernelBoot()), undefined);
    assert.equal(file('grub/grub.cfg', kernelBoot(), { uboot: true }), undefined);
  });
});
