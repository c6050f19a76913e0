import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Arch } from '../../src/boot/arch.ts';
import { menuScript, sizeInOption } from '../../src/boot/menu.ts';
import { renderScript } from '../../src/boot/plan.ts';
import { imagine } from '../../src/decide/imagine.ts';
import { encodePxeMenu } from '../../src/dhcp/pxe.ts';
import type { BootMenu, MenuItem } from '../../src/profiles/model.ts';
import { machine, profile } from '../decide/world.ts';
import { ip } from '../leases/rules.ts';

const MAC = '52:54:00:aa:00:01';
const SERVER = { address: ip('10.11.11.1'), httpPort: 8080 };

const MENU: BootMenu = {
  prompt: 'Rack 12',
  timeout: 10,
  items: [
    { title: 'Installer', boot: { kind: 'script', file: 'install.ipxe' } },
    { title: 'Loader', boot: { kind: 'file', byArch: new Map<Arch, string>([['bios', 'lpxelinux.0']]) } },
    { title: 'Disk', boot: { kind: 'local' } },
  ],
};

function script(arch: string, http: boolean, menu = MENU): string {
  const { facts } = imagine({ mac: MAC, arch, ipxe: true }, { nic: 'eth1', localAddress: SERVER.address });
  const rendered = renderScript({
    facts,
    machine: machine(MAC, { name: 'node1' }),
    profile: profile('choice', { boot: { kind: 'menu', menu } }),
    server: SERVER,
    address: undefined,
    http,
  });
  assert.ok(rendered !== undefined && 'text' in rendered);
  return rendered.text;
}

describe('the menu that iPXE shows', () => {
  test('on BIOS, whole', () => {
    assert.equal(
      script('bios', true),
      `#!ipxe
menu choice for node1 || goto item1
item --gap -- Rack 12
item item1 Installer
item item2 Loader
item item3 Disk
choose --default item1 --timeout 10000 chosen || goto item1
goto \${chosen}
:item1
chain http://10.11.11.1:8080/ipxe?mac=${MAC}&arch=bios&item=1 || goto failed
:item2
chain http://10.11.11.1:8080/ipxe?mac=${MAC}&arch=bios&item=2 || goto failed
:item3
echo Pilotlight: booting from the local disk
sanboot --no-describe --drive 0x80 || exit
:failed
echo Pilotlight: this item could not be booted, see the lines above
sleep 10
exit 1
`,
    );
  });

  test('on UEFI: without what it cannot boot, the rest keeping its numbers for the server', () => {
    const text = script('uefi-x64', true);
    assert.match(text, /^item item1 Installer\nitem item2 Disk$/m);
    assert.match(text, /^:item2\necho .*\nexit 1$/m);
    const later = script('uefi-x64', true, { ...MENU, items: [...MENU.items].reverse() });
    assert.match(later, /^:item2\nchain .*&item=3 /m);
  });

  test('over TFTP', () => {
    assert.match(
      script('bios', false),
      /^chain tftp:\/\/10\.11\.11\.1\/ipxe\/52-54-00-aa-00-01\.2\.ipxe \|\| goto failed$/m,
    );
  });

  test('without a timeout it waits', () => {
    assert.match(script('bios', true, { ...MENU, timeout: undefined }), /^choose --default item1 chosen /m);
  });
});

test('titles cannot say more to the shell of iPXE than text', () => {
  const items = [{ title: `a || reboot && b # c ; \${net0/mac} \\`, commands: ['exit'] }];
  const text = menuScript('x', { prompt: '', timeout: undefined }, items);
  assert.match(text, /^item item1 a {3}reboot {3}b {3}c {3} \{net0\/mac\} {2}$/m);
});

test('the size that a menu takes is that of its bytes', () => {
  const programs: MenuItem[] = [
    { title: 'one', boot: { kind: 'file', byArch: new Map([['default', 'a']]) } },
    { title: 'disk', boot: { kind: 'local' } },
  ];
  const wire = encodePxeMenu({
    prompt: 'p',
    timeout: 5,
    server: SERVER.address,
    items: [
      { type: 0x8000, title: 'one' },
      { type: 0, title: 'disk' },
    ],
  });
  assert.equal(sizeInOption({ prompt: 'p', timeout: 5, items: programs }), wire.length);
});
