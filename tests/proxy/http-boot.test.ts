/** UEFI HTTP Boot on real sockets: the URL, the class, a name server for a URL with a name, and the file behind it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { text } from '../conformance/message.ts';
import { openLab } from '../lab/netns.ts';
import { type Server, startServer } from '../lab/server.ts';
import { type BootWire, fileOf, openBootWire, textOf } from './client.ts';

const SERVER = '10.77.0.1';
const SERVER_MAC = '52:54:00:00:00:fe';
const FILE = `http://${SERVER}:8080/boot/snponly.efi`;
/** Features of iPXE: sub-options 0x13 (http) and 0x15 (tftp) of option 175. */
const HTTP_AND_TFTP = '130101150101';
const TFTP_ONLY = '150101';
/** Too long for the header's field, which holds 127 bytes. */
const LONG = `http://mirror.rack.example/${'deep/'.repeat(30)}ipxe.efi`;

const PROFILES = {
  'profiles/linux.yaml': 'name: linux\nboot:\n  kernel: vmlinuz\n',
  'profiles/named.yaml': `name: named
match: { mac: "52:54:00:bb:*" }
boot:
  file: { uefi-x64: "http://mirror.rack.example/shimx64.efi", uefi-arm64-http: "${LONG}" }
---
name: byte-code
match: { mac: "52:54:00:cc:*" }
boot:
  kernel: vmlinuz
  firmware: { uefi-ebc-http: ebc.efi }
`,
  'tftpboot/snponly.efi': 'iPXE for UEFI',
  'tftpboot/snponly-arm32.efi': 'iPXE for ARM32',
  'tftpboot/snponly-arm64.efi': 'iPXE for ARM64',
  'tftpboot/snponly-ia32.efi': 'iPXE for IA32',
  'tftpboot/undionly.kpxe': 'iPXE for BIOS',
  'tftpboot/ebc.efi': 'iPXE for nobody yet',
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

    for (const [arch, file, mac = '52:54:00:aa:00:01'] of [
      [15, 'snponly-ia32.efi'],
      [16, 'snponly.efi'],
      [17, 'ebc.efi', '52:54:00:cc:00:01'],
      [18, 'snponly-arm32.efi'],
      [19, 'snponly-arm64.efi'],
      [20, 'undionly.kpxe'],
    ] as const) {
      test(`architecture ${arch}`, async () => {
        const offer = await wire.client(mac, arch, 'HTTPClient').discover(SERVER);
        const url = `http://${SERVER}:8080/boot/${file}`;
        assert.deepEqual([fileOf(offer), offer.file], [url, url], 'in option 67 and in the header');
        assert.equal(textOf(offer.options[60]), 'HTTPClient');
        assert.deepEqual([offer.options[43], offer.options[97]], [undefined, undefined], 'no word of PXE');
        assert.equal(offer.yiaddr === '0.0.0.0', mode === 'proxy');
        assert.match(await far.run('curl', '-s', url), /^iPXE for /);
      });
    }

    test('there is no iPXE of byte code: architecture 17 is told what the profile names, or nothing', async () => {
      const mac = '52:54:00:aa:00:03';
      const answer = wire.client(mac, 17, 'HTTPClient').discover(SERVER);
      answer.catch(() => {});
      const told = await server?.records.waitFor('what it is told', (record) => record.mac === mac, {
        seconds: 30,
      });
      assert.match(
        told?.reason ?? '',
        /no boot program is known for uefi-ebc-http: name one in boot.firmware/,
      );
      if (mode === 'proxy') return assert.equal(told?.code, 'NOTHING_TO_BOOT');
      const { file, options } = await answer;
      assert.deepEqual([file, options[67], options[60]], ['', undefined, undefined]);
    });

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

    test('iPXE is sent to its script by HTTP if it was built with it, else by TFTP', async () => {
      const client = (features: string) =>
        wire.client('52:54:00:aa:00:04', 7, 'PXEClient', [
          [77, text('iPXE')],
          [175, features],
        ]);
      const offer = await client(HTTP_AND_TFTP).discover(SERVER);
      assert.equal(fileOf(offer), `http://${SERVER}:8080/ipxe?mac=52:54:00:aa:00:04&arch=uefi-x64`);
      assert.match(await far.run('curl', '-s', fileOf(offer)), /^kernel http:/m);
      const without = await client(TFTP_ONLY).discover(SERVER);
      assert.equal(fileOf(without), 'ipxe/52-54-00-aa-00-04.ipxe');
      assert.equal(without.siaddr, SERVER);
      assert.match(await far.run('curl', '-s', `tftp://${SERVER}/${fileOf(without)}`), /^kernel tftp:/m);
    });

    test('a URL that is too long for the header stands in option 67, whole', async () => {
      const offer = await wire.client('52:54:00:bb:00:02', 19, 'HTTPClient').discover(SERVER);
      assert.deepEqual([fileOf(offer), offer.file], [LONG, '']);
    });
  });
}
