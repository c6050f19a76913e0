/** UEFI HTTP Boot on real sockets: the URL, the class, a name server for a URL with a name, and the file behind it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openLab } from '../lab/netns.ts';
import { type Server, startServer } from '../lab/server.ts';
import { type BootWire, fileOf, openBootWire, textOf } from './client.ts';

const SERVER = '10.77.0.1';
const SERVER_MAC = '52:54:00:00:00:fe';
const FILE = `http://${SERVER}:8080/boot/snponly.efi`;
/** Too long for the header's field, which holds 127 bytes. */
const LONG = `http://mirror.rack.example/${'deep/'.repeat(30)}ipxe.efi`;

const PROFILES = {
  'profiles/linux.yaml': 'name: linux\nboot:\n  kernel: vmlinuz\n',
  'profiles/named.yaml': `name: named
match: { mac: "52:54:00:bb:*" }
boot:
  file: { uefi-x64: "http://mirror.rack.example/shimx64.efi", uefi-arm64-http: "${LONG}" }
`,
  'tftpboot/snponly.efi': 'iPXE for UEFI',
  'tftpboot/snponly-arm64.efi': 'iPXE for ARM64',
  'tftpboot/snponly-ia32.efi': 'iPXE for IA32',
  'tftpboot/vmlinuz': 'a kernel',
};

const FULL = {
  mode: 'full',
  conflictCheck: 'off',
  subnets: [{ subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.99'], dns: ['10.77.0.53'] }],
};

for (const mode of ['full', 'proxy'] as const) {
  describe(`UEFI HTTP Boot in ${mode} mode`, () => {
    const lab = openLab();
    const host = lab.namespace('srv');
    const far = lab.namespace('far');
    lab.veth({ in: host, nic: 'eth0' }, { in: far, nic: 'eth0' });
    host.runSync('ip', 'link', 'set', 'eth0', 'address', SERVER_MAC);
    lab.address(host, 'eth0', `${SERVER}/24`);
    lab.address(far, 'eth0', '10.77.0.9/24');
    let server: Server | undefined;
    let wire: BootWire;
    before(async () => {
      wire = openBootWire(far, 'eth0', SERVER_MAC);
      server = await startServer(host, {
        config: { interfaces: ['eth0'], dhcp: mode === 'full' ? FULL : { mode } },
        texts: PROFILES,
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

    for (const [arch, file] of [
      [15, 'snponly-ia32.efi'],
      [16, 'snponly.efi'],
      [19, 'snponly-arm64.efi'],
    ] as const) {
      test(`architecture ${arch}`, async () => {
        const offer = await wire.client('52:54:00:aa:00:01', arch, 'HTTPClient').discover(SERVER);
        const url = `http://${SERVER}:8080/boot/${file}`;
        assert.deepEqual([fileOf(offer), offer.file], [url, url], 'in option 67 and in the header');
        assert.equal(textOf(offer.options[60]), 'HTTPClient');
        assert.deepEqual([offer.options[43], offer.options[97]], [undefined, undefined], 'no word of PXE');
        assert.equal(offer.yiaddr === '0.0.0.0', mode === 'proxy');
        assert.match(await far.run('curl', '-s', url), /^iPXE for /);
      });
    }

    test('PXE and HTTP of one firmware are told apart by the class, whatever the architecture says', async () => {
      const offer = await wire.client('52:54:00:aa:00:02', 7, 'HTTPClient').discover(SERVER);
      assert.equal(fileOf(offer), FILE);
      const pxe = await wire.client('52:54:00:aa:00:02', 7).discover(SERVER);
      assert.equal(fileOf(pxe), 'snponly.efi');
    });

    test('a URL with a name comes with a name server, where it is ours to tell one', async () => {
      const offer = await wire.client('52:54:00:bb:00:01', 16, 'HTTPClient').discover(SERVER);
      assert.equal(fileOf(offer), 'http://mirror.rack.example/shimx64.efi');
      assert.equal(offer.options[6], mode === 'full' ? '0a4d0035' : undefined);
    });

    test('a URL that is too long for the header stands in option 67, whole', async () => {
      const offer = await wire.client('52:54:00:bb:00:02', 19, 'HTTPClient').discover(SERVER);
      assert.deepEqual([fileOf(offer), offer.file], [LONG, '']);
    });
  });
}
