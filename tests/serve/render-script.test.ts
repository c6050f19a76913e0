/** /ipxe for machines that another DHCP server sent here, so that nothing is known of them but what they say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf } from '../../src/boot/facts.ts';
import { imaginePacket } from '../../src/decide/imagine.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createRendering } from '../../src/serve/render.ts';
import { profile, template, world } from '../decide/world.ts';
import { ip } from '../leases/rules.ts';

const MAC = '52:54:00:aa:00:01';
const WORLD = world('off', [
  profile('loader', {
    match: { mac: ['52:54:00:bb:*'] },
    boot: { kind: 'file', byArch: new Map([['bios', 'pxe/lpxelinux.0']]) },
  }),
  profile('razor', {
    match: { mac: ['52:54:00:cc:*'] },
    boot: { kind: 'script', file: 'bootstrap.ipxe' },
  }),
  profile('disk', { match: { mac: ['52:54:00:dd:*'] }, boot: { kind: 'local' } }),
  profile('choice', {
    match: { mac: ['52:54:00:ee:*'] },
    boot: {
      kind: 'menu',
      menu: {
        prompt: '',
        timeout: undefined,
        items: [
          { title: 'Text', boot: { kind: 'script', text: template('#!ipxe\nchain {{ server.httpUrl }}/x') } },
          { title: 'Loader', boot: { kind: 'file', byArch: new Map([['bios', 'pxe/lpxelinux.0']]) } },
          { title: 'Script', boot: { kind: 'script', file: 'bootstrap.ipxe' } },
        ],
      },
    },
  }),
  profile('linux', { match: { mac: ['52:54:00:aa:*'] } }),
]);

function rendering() {
  const clients = createClients();
  return { clients, ...createRendering(clients, () => WORLD) };
}

const REQUESTER = { mac: undefined, address: ip('10.11.11.77'), serverAddress: ip('10.11.11.1') };

function textOf(client: Parameters<ReturnType<typeof rendering>['script']>[0], mac?: string): string {
  const result = rendering().script(client, { ...REQUESTER, mac });
  assert.ok('text' in result, JSON.stringify(result));
  return result.text;
}

test('who says nothing of itself is asked for its MAC address, UUID and architecture', () => {
  const script = textOf({});
  assert.match(script, /^#!ipxe\nset arch bios\n/);
  assert.match(script, /^iseq \$\{platform\} efi && iseq \$\{buildarch\} x86_64 && set arch uefi-x64 \|\|$/m);
  const url = `http://10.11.11.1:8080/ipxe?mac=\${netX/mac}&uuid=\${uuid}&arch=\${arch}`;
  assert.ok(script.includes(`\nchain ${url} || goto none\n`), script);
  assert.match(script, /\niseq \$\{platform\} efi && exit 1 \|\| exit\n$/);
});

test('so is one whose MAC address the neighbour table tells, but whose architecture nobody', () => {
  assert.match(textOf({}, MAC), /^chain .*\$\{netX\/mac\}/m);
});

test('one whose DHCP was seen gets its script at once', () => {
  const { clients, script } = rendering();
  const arrival = {
    nic: 'eth0',
    localAddress: ip('10.11.11.1'),
    port: 67,
    source: 0,
    sourcePort: 68,
    destination: 0xffff_ffff,
  };
  clients.saw(factsOf(imaginePacket({ mac: MAC, arch: 'bios', ipxe: true }), arrival));
  const result = script({}, { ...REQUESTER, mac: MAC });
  assert.match('text' in result ? result.text : result.failure, /^kernel http/m);
});

test('a profile that makes no script leads on to its file', () => {
  assert.match(textOf({ mac: MAC, arch: 'bios' }), /^kernel http/m);
  assert.match(
    textOf({ mac: '52:54:00:bb:00:01', arch: 'bios' }),
    /^chain tftp:\/\/10\.11\.11\.1\/pxe\/lpxelinux\.0 /m,
  );
  const script = textOf({ mac: '52:54:00:cc:00:01', arch: 'bios' });
  assert.match(script, /^chain http:\/\/10\.11\.11\.1:8080\/boot\/bootstrap\.ipxe /m);
  assert.match(textOf({ mac: '52:54:00:dd:00:01', arch: 'uefi-x64' }), /^exit 1$/m);
});

test('and where it has none for this firmware, or no profile fits, that is told', () => {
  for (const client of [
    { mac: '52:54:00:bb:00:01', arch: 'uefi-x64' },
    { mac: '52:54:00:ff:00:01', arch: 'bios' },
  ]) {
    const result = rendering().script(client, REQUESTER);
    assert.equal('failure' in result && result.failure, 'not-found');
  }
});

test('each item of a menu is a script of its own, by HTTP and by TFTP', () => {
  const mac = '52:54:00:ee:00:01';
  const { script, virtual, scopeOfScript } = rendering();
  const item = (number: number): string => {
    const result = script({ mac, arch: 'bios' }, REQUESTER, number);
    return 'text' in result ? result.text : result.detail;
  };
  assert.equal(item(1), '#!ipxe\nchain http://10.11.11.1:8080/boot/x');
  assert.match(item(2), /^chain tftp:\/\/10\.11\.11\.1\/pxe\/lpxelinux\.0 /m);
  assert.match(item(3), /^chain http:\/\/10\.11\.11\.1:8080\/boot\/bootstrap\.ipxe /m);
  assert.equal(item(4), 'the profile choice has no menu item 4');
  const byTftp = (path: string): string | undefined => {
    const file = virtual(path, { ...REQUESTER, mac });
    return file !== undefined && 'text' in file ? `${file.name}: ${file.text}` : undefined;
  };
  assert.match(byTftp('ipxe/52-54-00-ee-00-01.ipxe') ?? '', /^menu choice for 52-54-00-ee-00-01 /m);
  assert.match(byTftp('ipxe/52-54-00-EE-00-01.2.ipxe') ?? '', /^ipxe\/52-54-00-ee-00-01\.2\.ipxe: #!ipxe\n/);
  assert.match(
    byTftp('ipxe/52-54-00-ee-00-01.3.ipxe') ?? '',
    /^chain tftp:\/\/10\.11\.11\.1\/bootstrap\.ipxe /m,
  );
  assert.equal(byTftp('ipxe/52-54-00-ee-00-01.4.ipxe'), undefined);
  assert.equal(byTftp('ipxe/52-54-00-aa-00-01.1.ipxe'), undefined, 'a profile without a menu has no items');
  assert.equal(scopeOfScript('/bootstrap.ipxe', { ...REQUESTER, mac })?.profile.name, 'choice');
});
