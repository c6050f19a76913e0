/** boot.menu in the words of loaders that ask for their configuration: PXELINUX, U-Boot and GRUB. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Arch } from '../../src/boot/arch.ts';
import { type Description, imagine } from '../../src/decide/imagine.ts';
import type { BootMenu } from '../../src/profiles/model.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createRendering } from '../../src/serve/render.ts';
import { kernelBoot, machine, profile, template, world } from '../decide/world.ts';
import { ip, NOW } from '../leases/rules.ts';

const MAC = '52:54:00:aa:00:01';

const MENU: BootMenu = {
  prompt: 'Rack 12',
  timeout: 10,
  items: [
    {
      title: 'Install Debian',
      boot: kernelBoot('hostname={{ machine.name }}\n  partman="a b;c" console=ttyS0'),
    },
    {
      title: "Bob's rescue",
      boot: {
        kind: 'kernel',
        kernel: template('http://mirror/rescue/Image'),
        initrd: [template('rescue/a.img'), template('/rescue/b.img')],
        cmdline: undefined,
      },
    },
    {
      title: 'Loader',
      boot: {
        kind: 'file',
        byArch: new Map<Arch, string>([
          ['bios', 'pxe/lpxelinux.0'],
          ['uefi-x64', 'debian/shimx64.efi'],
        ]),
      },
    },
    { title: 'Script', boot: { kind: 'script', file: 'install.ipxe' } },
    { title: 'Disk', boot: { kind: 'local' } },
  ],
};

interface Asking {
  readonly menu?: BootMenu;
  /** What its DHCP told of it before; undefined: another server gave it its address. */
  readonly seen?: Description;
  /** What it fetched before, and how many minutes ago. */
  readonly after?: readonly [path: string, minutes: number];
}

function file(path: string, { menu = MENU, seen, after }: Asking = {}): string | undefined {
  const clients = createClients();
  if (seen !== undefined) clients.saw(imagine({ mac: MAC, ...seen }, { nic: 'eth1', localAddress: 1 }).facts);
  const profiles = [profile('choice', { boot: { kind: 'menu', menu } })];
  const base = world('full', profiles, [machine(MAC, { name: 'node1' })]);
  let now = NOW;
  const { virtual } = createRendering(clients, () => ({ ...base, now }));
  const requester = { mac: MAC, address: ip('10.11.11.50'), serverAddress: ip('10.11.11.1') };
  if (after !== undefined) {
    virtual(after[0], requester);
    now += after[1] * 60_000;
  }
  const got = virtual(path, requester);
  return got === undefined ? undefined : 'text' in got ? got.text : `fault: ${got.detail}`;
}

const lines = (text: string | undefined, from: RegExp): string[] =>
  (text ?? '').split('\n').filter((line) => from.test(line));

describe('PXELINUX', () => {
  const PATH = 'pxelinux.cfg/01-52-54-00-aa-00-01';

  test('shows all of it, whole', () => {
    assert.equal(
      file(PATH),
      `# Pilotlight: choice for node1
MENU TITLE choice for node1
SAY choice for node1
SAY Rack 12
SAY 1 Install Debian
SAY 2 Bob's rescue
SAY 3 Loader
SAY 4 Script
SAY 5 Disk
DEFAULT 1
PROMPT 1
TIMEOUT 100
LABEL 1
  MENU LABEL Install Debian
  LINUX ::debian/vmlinuz
  INITRD ::debian/initrd.gz
  APPEND hostname=node1 partman="a b;c" console=ttyS0
LABEL 2
  MENU LABEL Bob's rescue
  LINUX http://mirror/rescue/Image
  INITRD ::rescue/a.img,::rescue/b.img
LABEL 3
  MENU LABEL Loader
  PXE ::pxe/lpxelinux.0
LABEL 4
  MENU LABEL Script
  PXE ::undionly.kpxe
LABEL 5
  MENU LABEL Disk
  LOCALBOOT 0
`,
    );
  });

  test('without a timeout it waits, without a prompt nothing is said in its place', () => {
    const text = file(PATH, { menu: { ...MENU, timeout: undefined, prompt: '' } });
    assert.deepEqual(lines(text, /^(TIMEOUT|SAY [^1-5])/), ['SAY choice for node1', 'TIMEOUT 0']);
  });

  test('on UEFI (syslinux.efi) without boot programs, which it cannot start', () => {
    const text = file(PATH, { seen: { arch: 'uefi-x64' } });
    assert.deepEqual(lines(text, /^SAY \d/), ['SAY 1 Install Debian', "SAY 2 Bob's rescue", 'SAY 3 Disk']);
    assert.equal(
      file(PATH, { seen: { arch: 'uefi-x64' }, menu: { ...MENU, items: MENU.items.slice(2, 4) } }),
      undefined,
    );
  });
});

test('U-Boot is given what it can boot, by paths as it has them', () => {
  assert.equal(
    file('pxelinux.cfg/default-arm', { seen: { vendorClass: 'U-Boot.armv8' } }),
    `# Pilotlight: choice for node1
MENU TITLE choice for node1
DEFAULT 1
PROMPT 1
TIMEOUT 100
LABEL 1
  MENU LABEL Install Debian
  LINUX /debian/vmlinuz
  INITRD /debian/initrd.gz
  APPEND hostname=node1 partman="a b;c" console=ttyS0
LABEL 2
  MENU LABEL Bob's rescue
  LINUX http://mirror/rescue/Image
  INITRD /rescue/a.img
LABEL 3
  MENU LABEL Disk
  LOCALBOOT 0
`,
  );
});

describe('GRUB', () => {
  test('shows all of it, whole', () => {
    const [menu = '', disk = ''] = file('grub/grub.cfg')?.split('menuentry Disk {\n') ?? [];
    assert.equal(
      menu,
      `# Pilotlight: choice for node1
set default=0
set timeout=10
menuentry 'Install Debian' {
  linux (tftp,10.11.11.1)/debian/vmlinuz hostname=node1 'partman=a b;c' console=ttyS0
  initrd (tftp,10.11.11.1)/debian/initrd.gz
}
menuentry 'Bob'\\''s rescue' {
  linux (http,mirror)/rescue/Image
  initrd (tftp,10.11.11.1)/rescue/a.img (tftp,10.11.11.1)/rescue/b.img
}
if [ "$grub_cpu-$grub_platform" = i386-pc ]; then
menuentry Loader {
  pxechainloader (tftp,10.11.11.1)/pxe/lpxelinux.0
}
fi
if [ "$grub_cpu-$grub_platform" = x86_64-efi ]; then
menuentry Loader {
  chainloader (tftp,10.11.11.1)/debian/shimx64.efi
}
fi
menuentry Script {
  if [ "$grub_platform" = pc ]; then
    pxechainloader (tftp,10.11.11.1)/undionly.kpxe
  else
    echo "Pilotlight: iPXE, which this item needs, does not start from GRUB on UEFI."
    sleep 10
  fi
}
`,
    );
    // The way to the disk is that of boot.local.
    assert.match(disk, /^ {2}if \[ "\$grub_platform" = efi \]; then\n[\s\S]*\n {2}exit\n\}\n$/);
  });

  test('without a timeout it waits', () => {
    assert.deepEqual(lines(file('grub.cfg', { menu: { ...MENU, timeout: undefined } }), /timeout/), [
      'set timeout=-1',
    ]);
  });

  test('words are no more to its shell than text', () => {
    const items = [{ title: 'a; reboot $x', boot: kernelBoot("a=$b {c} d|e #f 'g' \\") }];
    assert.deepEqual(lines(file('grub.cfg', { menu: { ...MENU, items } }), /menuentry|linux/), [
      "menuentry 'a; reboot $x' {",
      "  linux (tftp,10.11.11.1)/debian/vmlinuz 'a=$b' '{c}' 'd|e' '#f' ''\\''g'\\''' '\\'",
    ]);
  });
});

test('a template that fails is told of', () => {
  const items = [{ title: 'x', boot: kernelBoot('{{ machine.vars.x }}') }];
  assert.match(file('pxelinux.cfg/default', { menu: { ...MENU, items } }) ?? '', /^fault: /);
  assert.match(file('grub.cfg', { menu: { ...MENU, items } }) ?? '', /^fault: /);
});

describe('a loader that was chosen in the menu', () => {
  test('gets what lies on disk for it, not the menu again', () => {
    assert.equal(file('pxelinux.cfg/default', { after: ['pxe/lpxelinux.0', 0] }), undefined);
    assert.equal(file('debian/grub/grub.cfg', { after: ['/debian/shimx64.efi', 1] }), undefined);
  });
  test('at the next boot, by another loader, it is the menu once more', () => {
    assert.match(
      file('pxelinux.cfg/default', { after: ['pxe/lpxelinux.0', 2] }) ?? '',
      /^# Pilotlight: choice/,
    );
    assert.match(file('grub/grub.cfg', { after: ['grub/core.0', 0] }) ?? '', /^# Pilotlight: choice/);
  });
});
