/** pilotlight probe on a real network, beside real servers: Pilotlight, dnsmasq, and what goes wrong with them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { messageType } from '../../src/dhcp/message.ts';
import { startCapture } from '../lab/capture.ts';
import type { Namespace } from '../lab/netns.ts';
import {
  type Dnsmasq,
  FOREIGN_ADDRESS,
  openRack,
  type Rack,
  SERVER_ADDRESS,
  startDnsmasq,
} from '../lab/rack.ts';
import { makeScratch, type Scratch } from '../lab/scratch.ts';
import { type Server, type ServerSetup, startServer } from '../lab/server.ts';
import { findingOf, probe, prober, runProbe } from './lab.ts';
import { nbp, pe } from './programs.ts';

/** dnsmasq pings an address for three seconds before it offers it: no need here. */
const QUICK = '--no-ping';
const RANGE = '--dhcp-range=10.77.0.100,10.77.0.199,1h';

const SUBNET = { subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.99'], router: SERVER_ADDRESS };

function setup(mode: 'full' | 'proxy'): ServerSetup {
  return {
    config: {
      interfaces: ['eth0'],
      dhcp: mode === 'full' ? { mode, subnets: [SUBNET] } : { mode },
      tftp: { search: ['/usr/lib/ipxe'] },
    },
    texts: {
      'profiles/linux.yaml': 'name: linux\nboot:\n  kernel: vmlinuz\n  initrd: [guest.cpio]\n',
      'tftpboot/vmlinuz': 'a kernel',
      'tftpboot/guest.cpio': 'an initramfs',
    },
  };
}

/** nft's words for a firewall with one rule, for what comes in or goes out. */
const rules = (hook: 'in' | 'out', rule: string): string =>
  `add table ip f; add chain ip f c { type filter hook ${hook}put priority 0; }; add rule ip f c ${rule}`;

/** The work, with this firewall in place. */
async function behind(inside: Namespace, firewall: string, work: () => Promise<void>): Promise<void> {
  await inside.run('nft', firewall);
  try {
    await work();
  } finally {
    await inside.run('nft', 'delete table ip f');
  }
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const UNDIONLY = '/usr/lib/ipxe/undionly.kpxe';
const SNPONLY = '/usr/lib/ipxe/snponly.efi';

describe('Pilotlight as the DHCP server', () => {
  let rack: Rack;
  let server: Server;
  let host: Namespace;
  before(async () => {
    rack = openRack();
    server = await startServer(rack.server, setup('full'));
    host = prober(rack);
  });
  after(async () => {
    await server.stop().finally(() => rack.close());
  });

  describe('answers', { concurrency: true }, () => {
    test('BIOS: the offer, and undionly.kpxe byte for byte', async () => {
      const { report, code, found } = await probe(host, '--as', 'bios', '--mac', '52:54:00:aa:00:01');
      assert.deepEqual([code, found], [0, ['note IPXE_NEXT']]);
      const [offer, ...others] = report.offers;
      assert.deepEqual(others, []);
      assert.deepEqual(
        [offer?.role, offer?.server, offer?.subnet, offer?.routers, offer?.bootFile, offer?.leaseSeconds],
        ['dhcp', SERVER_ADDRESS, '10.77.0.0/24', [SERVER_ADDRESS], 'undionly.kpxe', 3600],
      );
      assert.equal(report.mac, '52:54:00:aa:00:01');
      const [file] = report.files;
      assert.deepEqual(
        [file?.url, file?.size, file?.sha256, file?.blockSize, file?.windowSize],
        [`tftp://${SERVER_ADDRESS}/undionly.kpxe`, readFileSync(UNDIONLY).length, sha256(UNDIONLY), 1456, 1],
      );
    });

    test('the digest that the boot file must have', async () => {
      const wanted = await probe(host, '--as', 'bios', '--sha256', sha256(UNDIONLY).toUpperCase());
      assert.equal(wanted.code, 0);
      const other = await probe(host, '--as', 'bios', '--sha256', sha256(SNPONLY));
      assert.equal(other.code, 1);
      assert.match(findingOf(other, 'DIGEST_DIFFERS').message, new RegExp(`SHA-256 is ${sha256(UNDIONLY)}$`));
      const wrong = await runProbe(host, '--sha256', 'f09cfbe9');
      assert.equal(wrong.code, 1);
      assert.match(wrong.err, /64 hex digits/);
    });

    test('UEFI: snponly.efi, in windows', async () => {
      const { report, found } = await probe(host, '--as', 'uefi');
      assert.deepEqual(found, ['note IPXE_NEXT']);
      const [file] = report.files;
      assert.deepEqual(
        [file?.kind, file?.sha256, file?.blockSize, file?.windowSize],
        ['UEFI program for uefi-x64, iPXE', sha256(SNPONLY), 1468, 4],
      );
    });

    test('UEFI HTTP Boot', async () => {
      const { report, found } = await probe(host, '--as', 'http');
      assert.deepEqual(found, ['note IPXE_NEXT']);
      assert.equal(report.files[0]?.url, `http://${SERVER_ADDRESS}:8080/boot/snponly.efi`);
      assert.deepEqual([report.files[0]?.sha256, report.files[0]?.httpStatus], [sha256(SNPONLY), 200]);
    });

    test('iPXE: the script, and the files it names', async () => {
      const { report, code, found } = await probe(host, '--as', 'ipxe');
      assert.deepEqual([code, found], [0, []]);
      assert.deepEqual(
        report.files.map(({ url, size, kind }) => [url.replace(/\?.*/, ''), size, kind]),
        [
          [`http://${SERVER_ADDRESS}:8080/ipxe`, report.files[0]?.size, 'iPXE script'],
          [`http://${SERVER_ADDRESS}:8080/boot/vmlinuz`, 'a kernel'.length, null],
          [`http://${SERVER_ADDRESS}:8080/boot/guest.cpio`, 'an initramfs'.length, null],
        ],
      );
    });

    test('on the machine that serves: the whole chain, and a word that its network was not tried', async () => {
      const bios = await probe(rack.server, '--as', 'bios');
      assert.deepEqual([bios.code, bios.found], [0, ['note SAME_MACHINE', 'note IPXE_NEXT']]);
      const ipxe = await probe(rack.server, '--as', 'ipxe', '--arch', 'uefi-x64');
      assert.deepEqual([ipxe.code, ipxe.found], [0, ['note SAME_MACHINE']]);
    });

    test('a NIC without an address: the offers, and what keeps the probe from more', async () => {
      const bare = rack.lab.namespace('bare');
      rack.lab.veth({ in: bare, nic: 'eth0' }, { in: rack.wires, nic: 'bare' });
      rack.lab.enslave(rack.wires, 'bare', 'br0');
      const probed = await probe(bare, '--as', 'bios');
      assert.deepEqual([probed.code, probed.found], [1, ['error NO_OWN_ADDRESS']]);
      assert.equal(probed.report.offers.length, 1);
    });

    test('for people', async () => {
      const { code, out } = await runProbe(
        host,
        '--as',
        'uefi',
        '--wait',
        '3s',
        '--mac',
        '52:54:00:aa:00:07',
      );
      assert.equal(code, 0);
      assert.match(out, /^probe +uefi \(uefi-x64\) on eth0, as 52:54:00:aa:00:07$/m);
      assert.match(out, /^offer +dhcp server 10\.77\.0\.1, after \d+ ms$/m);
      assert.match(out, /^ +address +10\.77\.0\.\d+\/24 for 1h$/m);
      assert.match(out, /^file +tftp:\/\/10\.77\.0\.1\/snponly\.efi$/m);
      assert.match(out, /^ok +the chain holds: 0 errors, 0 warnings$/m);
    });
  });

  test('a missing initramfs breaks what iPXE boots', async () => {
    server.write('profiles/linux.yaml', 'name: linux\nboot:\n  kernel: vmlinuz\n  initrd: [gone.cpio]\n');
    await server.records.waitFor('the profile is in force', ({ kind }) => kind === 'reload', { seconds: 20 });
    const probed = await probe(host, '--as', 'ipxe');
    assert.deepEqual([probed.code, probed.found], [1, ['error HTTP_STATUS']]);
    assert.match(
      findingOf(probed, 'HTTP_STATUS').message,
      /^initrd in line 4 of .*gone\.cpio is answered with 404/,
    );
  });

  test('a firewall before TFTP', async () => {
    const rule =
      'add table ip f; add chain ip f in { type filter hook input priority 0; }; add rule ip f in udp dport 69 drop';
    await rack.server.run('nft', rule);
    const probed = await probe(host, '--as', 'bios');
    await rack.server.run('nft', 'delete table ip f');
    assert.deepEqual([probed.code, probed.found], [1, ['error TFTP_SILENT']]);
  });

  test('a path that loses large frames', async () => {
    await behind(rack.server, rules('out', 'udp length gt 1000 drop'), async () => {
      const { report, code, found } = await probe(host, '--as', 'bios');
      assert.deepEqual([code, found], [1, ['error LARGE_BLOCKS_LOST', 'note IPXE_NEXT']]);
      assert.equal(report.files[0]?.sha256, sha256(UNDIONLY));
    });
  });

  test('nobody got a lease by all of that', async () => {
    const capture = await startCapture(rack);
    await probe(host, '--as', 'uefi', '--mac', '52:54:00:aa:00:09');
    const requests = (await capture.stop()).filter(({ destinationPort }) => destinationPort !== 68);
    assert.ok(requests.length > 0);
    for (const { payload, source, sourcePort, destination } of requests) {
      const packet = decodePacket(payload);
      assert.ok(!isMalformed(packet));
      assert.equal(messageType(packet), 'DISCOVER');
      assert.deepEqual([source, sourcePort, destination], ['0.0.0.0', 68, '255.255.255.255']);
    }
  });
});

describe('Pilotlight as a proxy beside dnsmasq', () => {
  let rack: Rack;
  let server: Server;
  let foreign: Namespace;
  let host: Namespace;
  let dnsmasq: Dnsmasq;
  before(async () => {
    rack = openRack();
    foreign = rack.host('foreign', `${FOREIGN_ADDRESS}/24`);
    host = prober(rack);
    server = await startServer(rack.server, setup('proxy'));
  });
  after(async () => {
    await server.stop().finally(() => rack.close());
  });

  describe('that minds its own business', { concurrency: true }, () => {
    before(async () => {
      dnsmasq = await startDnsmasq(foreign, [RANGE, QUICK]);
    });
    after(() => dnsmasq.stop());

    for (const [as, file] of [
      ['bios', 'undionly.kpxe'],
      ['uefi', 'snponly.efi'],
      ['http', `http://${SERVER_ADDRESS}:8080/boot/snponly.efi`],
    ] as const) {
      test(`as ${as}`, async () => {
        const { report, code, found } = await probe(host, '--as', as);
        assert.deepEqual([code, found], [0, ['note IPXE_NEXT']]);
        const roles = report.offers.map(({ role, server: who }) => `${role} ${who}`).toSorted();
        assert.deepEqual(roles, [`dhcp ${FOREIGN_ADDRESS}`, `proxy ${SERVER_ADDRESS}`]);
        assert.equal(report.port4011?.bootFile ?? null, as === 'uefi' ? file : null);
        assert.equal(report.files[0]?.arrived, true);
      });
    }

    test('as ipxe', async () => {
      const { code, found } = await probe(host, '--as', 'ipxe');
      assert.deepEqual([code, found], [0, []]);
    });

    test('on the machine that serves, port 4011 included', async () => {
      const { report, code, found } = await probe(rack.server, '--as', 'uefi');
      assert.deepEqual([code, found], [0, ['note SAME_MACHINE', 'note IPXE_NEXT']]);
      assert.equal(report.port4011?.bootFile, 'snponly.efi');
    });
  });

  describe('that sends option 60', { concurrency: true }, () => {
    before(async () => {
      dnsmasq = await startDnsmasq(foreign, [RANGE, QUICK, '--dhcp-option-force=60,PXEClient']);
    });
    after(() => dnsmasq.stop());

    test('UEFI goes to a port 4011 where nobody is', async () => {
      const probed = await probe(host, '--as', 'uefi');
      assert.deepEqual([probed.code, probed.found], [1, ['error STRANGER_CLASS']]);
      assert.match(findingOf(probed, 'STRANGER_CLASS').hint, /Remove option 60 from 10\.77\.0\.2/);
    });

    test('BIOS boots all the same', async () => {
      const { code, found } = await probe(host, '--as', 'bios');
      assert.deepEqual([code, found], [0, ['warning STRANGER_CLASS', 'note IPXE_NEXT']]);
    });
  });

  test('that is down, and a firewall before port 4011', async () => {
    const { code, found } = await probe(host, '--as', 'bios');
    assert.deepEqual([code, found], [1, ['error NO_ADDRESS', 'note IPXE_NEXT']]);
    await behind(rack.server, rules('in', 'udp dport 4011 drop'), async () => {
      const uefi = await probe(host, '--as', 'uefi');
      assert.deepEqual([uefi.code, uefi.found], [1, ['error NO_ADDRESS', 'error PXE_PORT_SILENT']]);
    });
  });
});

describe('without Pilotlight', () => {
  let rack: Rack;
  let host: Namespace;
  let files: Scratch;
  before(() => {
    rack = openRack();
    host = prober(rack);
    files = makeScratch('tftp');
    writeFileSync(join(files.path, 'bios.0'), nbp());
    writeFileSync(join(files.path, 'x64.efi'), pe());
    writeFileSync(join(files.path, 'arm64.efi'), pe({ machine: 0xaa64 }));
    writeFileSync(join(files.path, 'empty.efi'), '');
  });
  after(async () => {
    await rack.close();
    files.remove();
  });

  /** dnsmasq with these arguments while the work is done. */
  async function beside(
    inside: Namespace,
    args: readonly string[],
    work: () => Promise<void>,
  ): Promise<void> {
    const dnsmasq = await startDnsmasq(inside, [RANGE, QUICK, ...args]);
    try {
      await work();
    } finally {
      await dnsmasq.stop();
    }
  }
  const tftp = (): string[] => ['--enable-tftp', `--tftp-root=${files.path}`];

  test('nobody answers', async () => {
    const probed = await probe(host, '--as', 'bios', '--wait', '2s');
    assert.deepEqual([probed.code, probed.found], [1, ['error NO_ANSWER']]);
    assert.deepEqual([probed.report.offers, probed.report.files], [[], []]);
  });

  test('dnsmasq gives addresses only', () =>
    beside(rack.server, [], async () => {
      const { report, code, found } = await probe(host, '--as', 'uefi');
      assert.deepEqual([code, found], [1, ['error NO_BOOT_FILE']]);
      assert.deepEqual(
        report.offers.map(({ role, server }) => [role, server]),
        [['dhcp', SERVER_ADDRESS]],
      );
    }));

  describe('dnsmasq boots', { concurrency: true }, () => {
    const cases = [
      ['bios', 'bios.0', []],
      ['uefi', 'x64.efi', []],
      ['uefi', 'arm64.efi', ['error WRONG_ARCHITECTURE']],
      ['uefi', 'bios.0', ['error NOT_A_PROGRAM']],
      ['bios', 'x64.efi', ['error WRONG_ARCHITECTURE']],
      ['bios', 'gone.0', ['error FILE_NOT_FOUND']],
      ['uefi', 'empty.efi', ['error EMPTY_FILE']],
    ] as const;
    const mac = (index: number): string => `52:54:00:aa:01:0${index}`;
    let dnsmasq: Dnsmasq;
    before(async () => {
      const choices = cases.flatMap(([, file], index) => [
        `--dhcp-mac=set:t${index},${mac(index)}`,
        `--dhcp-boot=tag:t${index},${file}`,
      ]);
      dnsmasq = await startDnsmasq(rack.server, [RANGE, QUICK, ...tftp(), ...choices]);
    });
    after(() => dnsmasq.stop());

    for (const [index, [as, file, expected]] of cases.entries()) {
      test(`${as} by ${file}: ${expected.join() || 'the chain holds'}`, async () => {
        const { code, found } = await probe(host, '--as', as, '--mac', mac(index));
        assert.deepEqual([code, found], [expected.length === 0 ? 0 : 1, expected]);
      });
    }
  });

  test('dnsmasq names a TFTP server where none is', () =>
    beside(rack.server, ['--dhcp-boot=bios.0'], async () => {
      const { code, found } = await probe(host, '--as', 'bios');
      assert.deepEqual([code, found], [1, ['error TFTP_SILENT']]);
    }));

  test('a menu of dnsmasq, as a proxy: its first item, by port 4011', async () => {
    const proxy = rack.host('proxy', '10.77.0.3/24');
    await beside(rack.server, [], async () => {
      const menu = ['--dhcp-range=10.77.0.0,proxy', ...tftp(), '--pxe-prompt=Press F8,5'];
      const items = ['--pxe-service=x86PC,Install,bios', '--pxe-service=x86PC,Local,0'];
      const dnsmasq = await startDnsmasq(proxy, [...menu, ...items]);
      try {
        const { report, code, found } = await probe(host, '--as', 'bios');
        assert.deepEqual([code, found], [0, []]);
        assert.deepEqual([report.port4011?.bootFile, report.files[0]?.size], ['bios.0', nbp().length]);
      } finally {
        await dnsmasq.stop();
      }
    });
  });

  test('two DHCP servers', async () => {
    const second = rack.host('second', '10.77.0.4/24');
    await beside(rack.server, [...tftp(), '--dhcp-boot=bios.0'], () =>
      beside(second, [...tftp(), '--dhcp-boot=bios.0'], async () => {
        const probed = await probe(host, '--as', 'bios');
        assert.deepEqual([probed.code, probed.found], [0, ['warning SECOND_DHCP_SERVER']]);
        const { message } = findingOf(probed, 'SECOND_DHCP_SERVER');
        assert.match(message, /10\.77\.0\.1/);
        assert.match(message, /10\.77\.0\.4/);
      }),
    );
  });

  test('a probe on the host of dnsmasq itself hears it', () =>
    beside(rack.server, [...tftp(), '--dhcp-boot=bios.0'], async () => {
      const { code, found } = await probe(rack.server, '--as', 'bios');
      assert.deepEqual([code, found], [0, ['note SAME_MACHINE']]);
    }));

  test('a DHCP client on port 68 of the same NIC does not hinder it', () =>
    beside(rack.server, [...tftp(), '--dhcp-boot=bios.0'], async () => {
      const script = `require('node:dgram').createSocket('udp4').bind(68, () => process.stdout.write('bound'))`;
      const holder = host.spawn(process.execPath, ['-e', script]);
      await new Promise((resolve) => holder.stdout?.once('data', resolve));
      const { code, found } = await probe(host, '--as', 'bios');
      holder.kill('SIGKILL');
      assert.deepEqual([code, found], [0, []]);
    }));

  test('a name in the URL is asked of the DNS server of the offer', () =>
    // port=0 of the common arguments switches DNS off: the offer names a DNS server that does not answer.
    beside(
      rack.server,
      [
        '--dhcp-option-force=60,HTTPClient',
        '--dhcp-option=6,10.77.0.1',
        '--dhcp-boot=http://boot.example/x64.efi',
      ],
      async () => {
        const { code, found } = await probe(host, '--as', 'http');
        assert.deepEqual([code, found], [1, ['error NAME_UNRESOLVED']]);
      },
    ));

  test('flags that make no sense, and NICs that are not there', async () => {
    const wrongArch = await runProbe(host, '--as', 'http', '--arch', 'pc98');
    assert.deepEqual([wrongArch.code, wrongArch.out], [1, '']);
    assert.match(wrongArch.err, /^pilotlight: pc98 is no architecture of http\n {4}hint: /);
    const noNic = await runProbe(host, '--interface', 'eth7');
    assert.equal(noNic.code, 1);
    assert.match(noNic.err, /there is no NIC eth7\n {4}hint: This host has eth0\./);
    assert.equal((await runProbe(host, '--as', 'toaster')).code, 1);
    await host.run('ip', 'link', 'set', 'eth0', 'down');
    const down = await runProbe(host);
    assert.match(down.err, /eth0 is down\n {4}hint: .*ip link set eth0 up/);
    await host.run('ip', 'link', 'set', 'eth0', 'up');
  });
});
