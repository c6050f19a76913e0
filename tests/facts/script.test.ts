import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderScript } from '../../src/boot/plan.ts';
import { imagine } from '../../src/decide/imagine.ts';
import type { BootMethod, Machine } from '../../src/profiles/model.ts';
import { kernelBoot, machine, profile, template } from '../decide/world.ts';
import { ip } from '../leases/rules.ts';

const MAC = '52:54:00:aa:00:01';
const SERVER = { address: ip('10.11.11.1'), httpPort: 8080 };

function script(
  boot: BootMethod,
  { http = true, arch = 'bios', known }: { http?: boolean; arch?: string; known?: Machine } = {},
) {
  const { facts } = imagine({ mac: MAC, arch, ipxe: true }, { nic: 'eth1', localAddress: ip('10.11.11.1') });
  const who = {
    facts,
    machine: known,
    profile: profile('debian', { boot, vars: { mirror: 'http://m' } }),
    server: SERVER,
    address: ip('10.11.11.50'),
    http,
  };
  const rendered = renderScript(who);
  if (rendered === undefined) return undefined;
  return 'text' in rendered ? rendered.text : `fault: ${rendered.fault}`;
}

describe('iPXE scripts', () => {
  test('a kernel by HTTP, its command line templated with the machine', () => {
    const text = script(
      kernelBoot(
        'auto=true hostname={{ machine.name }}  role={{ machine.vars.role }}\n mirror={{ vars.mirror }}',
      ),
      {
        known: machine(MAC, { name: 'node1', vars: { role: 'db' } }),
      },
    );
    assert.equal(
      text,
      `#!ipxe
echo Pilotlight: debian for node1
kernel http://10.11.11.1:8080/boot/debian/vmlinuz initrd=initrd.gz auto=true hostname=node1 role=db mirror=http://m || goto failed
initrd --name initrd.gz http://10.11.11.1:8080/boot/debian/initrd.gz || goto failed
boot || goto failed
:failed
echo Pilotlight: this machine could not be booted, see the lines above
sleep 10
exit 1
`,
    );
  });
  test('the same by TFTP', () => {
    assert.match(
      script(kernelBoot(), { http: false }) ?? '',
      /^kernel tftp:\/\/10\.11\.11\.1\/debian\/vmlinuz initrd=initrd\.gz \|\|/m,
    );
  });
  test('two initrds of one name, a URL, and a path with a space', () => {
    const initrd = ['a/initrd.gz', 'http://elsewhere/initrd.gz', 'my files/x y'].map(template);
    const text = script({ kind: 'kernel', kernel: template('k'), initrd, cmdline: undefined }) ?? '';
    assert.match(text, /initrd=initrd\.gz initrd=1-initrd\.gz initrd=x_y \|\|/);
    assert.match(text, /initrd --name 1-initrd\.gz http:\/\/elsewhere\/initrd\.gz /);
    assert.match(text, /initrd --name x_y http:\/\/10\.11\.11\.1:8080\/boot\/my%20files\/x%20y /);
  });
  test('a URL with a bare % in it', () => {
    const initrd = [template('http://m/100%.img')];
    const text = script({ kind: 'kernel', kernel: template('k'), initrd, cmdline: undefined }) ?? '';
    assert.match(text, /^initrd --name 100_\.img http:\/\/m\/100%\.img \|\|/m);
  });
  test('a machine that nobody listed is named after its MAC', () => {
    assert.match(script(kernelBoot('hostname={{ machine.name }}')) ?? '', /hostname=52-54-00-aa-00-01 /);
  });
  test('a missing variable is the author’s fault, told with its place', () => {
    assert.match(
      script(kernelBoot('role={{ machine.vars.role }}')) ?? '',
      /^fault: the template needs .*role.*test\.yaml:1:/,
    );
  });
  test('inline text is templated', () => {
    const boot: BootMethod = { kind: 'script', text: template('#!ipxe\nchain {{ server.httpUrl }}/x.ipxe') };
    assert.equal(script(boot), '#!ipxe\nchain http://10.11.11.1:8080/boot/x.ipxe');
  });
  test('local boot: BIOS starts the first disk or leaves iPXE, UEFI has to fail to go on', () => {
    assert.match(script({ kind: 'local' }) ?? '', /^sanboot --no-describe --drive 0x80 \|\| exit$/m);
    assert.match(script({ kind: 'local' }, { arch: 'uefi-x64' }) ?? '', /^exit 1$/m);
  });
  test('a machine that must not be answered has no script', () => {
    assert.equal(script({ kind: 'none' }), undefined);
  });
  test('a boot program needs no script', () => {
    assert.equal(script({ kind: 'file', byArch: new Map([['default', 'x.efi']]) }), undefined);
  });
});
