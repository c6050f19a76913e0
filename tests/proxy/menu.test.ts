/** A PXE boot menu on real sockets: offered, chosen from, and the choice answered on port 4011. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { decodePxeOptions } from '../../src/dhcp/pxe.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { openLab } from '../lab/netns.ts';
import { type Server, startServer } from '../lab/server.ts';
import { type BootWire, fileOf, openBootWire, textOf } from './client.ts';

const SERVER = '10.77.0.1';
const SERVER_MAC = '52:54:00:00:00:fe';
const OWN = '10.77.0.150';
const BIOS = 0;
const X64 = 7;

const PROFILE = `name: choice
boot:
  menu:
    prompt: Press F8
    timeout: 10s
    items:
      - { title: Installer, file: { bios: lpxelinux.0, uefi-x64: shimx64.efi } }
      - { title: Memory test, file: { bios: memtest.0, uefi-x64: memtest.efi } }
      - { title: Disk, local: true }
`;

const FULL = {
  mode: 'full',
  conflictCheck: 'off',
  subnets: [{ subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.99'] }],
};

/** `Press F8 (10 s): 8000 Installer, 8001 Memory test, 0 Disk at 10.77.0.1` */
function menuOf(vendorOptions: string | undefined): string {
  const pxe = decodePxeOptions(Buffer.from(vendorOptions ?? '', 'hex'));
  if (pxe?.prompt === undefined) return 'no menu';
  const items = pxe.menu.map(({ type, title }) => `${type.toString(16)} ${title}`);
  const server = formatIpv4(pxe.servers[0]?.addresses[0] ?? 0);
  return `${pxe.prompt.text} (${pxe.prompt.seconds} s): ${items.join(', ')} at ${server}`;
}

const WHOLE = `Press F8 (10 s): 8000 Installer, 8001 Memory test, 0 Disk at ${SERVER}`;

for (const mode of ['full', 'proxy'] as const) {
  describe(`a boot menu in ${mode} mode`, () => {
    const lab = openLab();
    const host = lab.namespace('srv');
    const far = lab.namespace('far');
    lab.veth({ in: host, nic: 'eth0' }, { in: far, nic: 'eth0' });
    host.runSync('ip', 'link', 'set', 'eth0', 'address', SERVER_MAC);
    lab.address(host, 'eth0', `${SERVER}/24`);
    let server: Server | undefined;
    let wire: BootWire;
    before(async () => {
      wire = openBootWire(far, 'eth0', SERVER_MAC);
      server = await startServer(host, {
        config: { interfaces: ['eth0'], dhcp: mode === 'full' ? FULL : { mode } },
        texts: { 'profiles/choice.yaml': PROFILE },
      });
    });
    after(async () => {
      try {
        await server?.stop();
      } finally {
        wire.close();
        await lab.close();
      }
    });

    test('BIOS is offered it at once', async () => {
      const offer = await wire.client('52:54:00:aa:00:01', BIOS).discover(SERVER);
      assert.equal(menuOf(offer.options[43]), WHOLE);
      assert.equal(textOf(offer.options[60]), 'PXEClient');
      assert.equal(offer.siaddr, SERVER);
      assert.equal(offer.yiaddr === '0.0.0.0', mode === 'proxy');
      assert.equal(offer.options[97], `00${'11'.repeat(16)}`, 'the UUID comes back');
    });

    test('UEFI is offered it at once, or on port 4011 beside another server', async () => {
      const client = wire.client('52:54:00:aa:00:02', X64);
      const offer = await client.discover(SERVER);
      assert.equal(textOf(offer.options[60]), 'PXEClient');
      if (mode === 'full') return assert.equal(menuOf(offer.options[43]), WHOLE);
      assert.equal(offer.options[43], undefined);
      const binl = await client.ask4011(OWN, SERVER);
      assert.equal(menuOf(binl.options[43]), WHOLE);
      assert.equal(fileOf(binl), 'shimx64.efi', 'EDK2 takes no answer without a file');
    });

    for (const [arch, type, file] of [
      [BIOS, 0x8000, 'lpxelinux.0'],
      [BIOS, 0x8001, 'memtest.0'],
      [X64, 0x8001, 'memtest.efi'],
    ] as const) {
      test(`the choice ${type.toString(16)} of architecture ${arch} is ${file}`, async () => {
        const client = wire.client('52:54:00:aa:00:03', arch);
        const ack = await client.ask4011(OWN, SERVER, { type, layer: 0 });
        assert.deepEqual([fileOf(ack), ack.file, ack.siaddr], [file, file, SERVER]);
        assert.match(ack.options[43] ?? '', new RegExp(`4704${type.toString(16)}0000ff$`));
        assert.deepEqual([ack.from, ack.to], [`${SERVER}:4011`, `${OWN}:4011`]);
        assert.equal(ack.options[53], '05');
      });
    }

    test('a choice that is not in the menu is not answered', async () => {
      const client = wire.client('52:54:00:aa:00:04', BIOS);
      await client.ask4011InVain(OWN, SERVER, { type: 0x8009, layer: 0 });
    });
  });
}
