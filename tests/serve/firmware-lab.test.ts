/** Raspberry Pi, loops, quirks and silence on real sockets, by the configuration that an operator writes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { text, u8 } from '../conformance/message.ts';
import { openLab } from '../lab/netns.ts';
import { openRack, type Rack, SERVER_ADDRESS } from '../lab/rack.ts';
import { type LogRecord, type Server, startServer } from '../lab/server.ts';
import { type BootWire, fileOf, openBootWire, textOf } from '../proxy/client.ts';

const SERVER_MAC = '52:54:00:00:00:fe';
const BIOS = 0;
const PI = 'dc:a6:32:01:02:03';
const LOOPING = '52:54:00:aa:00:01';
const ODD = '00:11:22:00:00:01';
const SILENT = '52:54:00:bb:00:01';

/** The end of option 43: a menu's only item, of the type that stands for the disk. */
const onlyItem = (title: string): RegExp => new RegExp(`0000${u8(title.length)}${text(title)}ff$`);

describe('what firmware is told', () => {
  const lab = openLab();
  const host = lab.namespace('srv');
  const far = lab.namespace('far');
  lab.veth({ in: host, nic: 'eth0' }, { in: far, nic: 'eth0' });
  host.runSync('ip', 'link', 'set', 'eth0', 'address', SERVER_MAC);
  lab.address(host, 'eth0', `${SERVER_ADDRESS}/24`);
  let server: Server;
  let wire: BootWire;

  before(async () => {
    wire = openBootWire(far, 'eth0', SERVER_MAC);
    server = await startServer(host, {
      config: {
        interfaces: ['eth0'],
        dhcp: {
          mode: 'full',
          conflictCheck: 'off',
          subnets: [{ subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.99'] }],
        },
        boot: { loop: { times: 2, within: '10m' } },
        quirks: [
          {
            name: 'odd',
            match: { mac: '00:11:22:*' },
            adjust: { firmware: 'odd.0', without: ['uuid-guid'], options: { 'tftp-server-name': 'odd' } },
          },
        ],
        log: { level: 'debug' },
      },
      texts: {
        'profiles/all.yaml':
          'name: all\nboot: { script: "#!ipxe", onLoop: local }\n---\nname: silent\nmatch: { mac: "52:54:00:bb:*" }\npriority: 1\nboot: none\n',
      },
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

  const record = (what: string, holds: (record: LogRecord) => boolean) =>
    server.records.waitFor(what, holds, { seconds: 30 });

  test('a Raspberry Pi: the menu that its ROM looks for, and where the files are', async () => {
    const offer = await wire.client(PI, BIOS).discover(SERVER_ADDRESS);
    assert.match(offer.options[43] ?? '', onlyItem('Raspberry Pi Boot'));
    assert.deepEqual(
      [textOf(offer.options[60]), textOf(offer.options[66]), offer.siaddr, fileOf(offer)],
      ['PXEClient', SERVER_ADDRESS, SERVER_ADDRESS, ''],
    );
    const told = await record('its quirks', ({ mac, reply }) => mac === PI && reply === 'OFFER');
    assert.deepEqual(
      [told.stage, told.quirks],
      ['rpi', ['raspberry-pi-menu', 'raspberry-pi-uses-the-offer']],
    );
  });

  test('a machine that goes in circles is sent to its disk, warned of and counted', async () => {
    const client = wire.client(LOOPING, BIOS);
    const first = await client.discover(SERVER_ADDRESS);
    assert.deepEqual([fileOf(first), first.options[43]], ['undionly.kpxe', undefined]);
    const second = await client.discover(SERVER_ADDRESS);
    assert.equal(fileOf(second), '');
    assert.match(second.options[43] ?? '', onlyItem('Local disk'));
    const warned = await record('the warning', ({ code }) => code === 'BOOT_LOOP');
    assert.deepEqual([warned.level, warned.mac], [40, LOOPING]);
    const metrics = host.runSync('curl', '-s', `http://${SERVER_ADDRESS}:8080/metrics`);
    assert.match(metrics, /^pilotlight_boot_loops_total 1$/m);
  });

  test('a quirk of pilotlight.yaml', async () => {
    const offer = await wire.client(ODD, BIOS).discover(SERVER_ADDRESS);
    assert.deepEqual(
      [fileOf(offer), offer.options[97], textOf(offer.options[66])],
      ['odd.0', undefined, 'odd'],
    );
  });

  test('boot: none is not answered, and others are', async () => {
    const answer = wire.client(SILENT, BIOS).discover(SERVER_ADDRESS);
    const ignored = record('silence', ({ mac, code }) => mac === SILENT && code === 'NOT_TO_BOOT');
    await Promise.race([ignored, answer.then(() => assert.fail('it was answered'))]);
    answer.catch(() => {});
    await wire.client('52:54:00:aa:00:02', BIOS).discover(SERVER_ADDRESS);
  });
});

describe('the files of a Raspberry Pi', () => {
  let rack: Rack;
  let server: Server;
  before(async () => {
    rack = openRack();
    server = await startServer(rack.server, {
      config: { interfaces: ['eth0'] },
      texts: {
        'profiles/pi.yaml':
          'name: pi\nboot: { kernel: kernel8.img }\nfiles:\n  cmdline.txt: { template: cmdline.liquid }\n',
        'profiles/cmdline.liquid': 'for {{ machine.mac }}',
        'tftpboot/start4.elf': 'firmware',
        'tftpboot/config.txt': 'of all',
        'tftpboot/d1f0e2a3/config.txt': 'its own',
      },
    });
  });
  after(async () => {
    await server?.stop();
    await rack?.close();
  });

  test('its own first, then those of all, and templates', () => {
    const pi = rack.host('pi', '10.77.0.60/24');
    pi.runSync('ip', 'link', 'set', 'eth0', 'address', PI);
    const get = (file: string) => pi.runSync('curl', '-s', `tftp://${SERVER_ADDRESS}/d1f0e2a3/${file}`);
    assert.deepEqual(['start4.elf', 'config.txt', 'cmdline.txt'].map(get), [
      'firmware',
      'its own',
      `for ${PI}`,
    ]);
  });

  test('another machine gets what it asks for, and no more', () => {
    const other = rack.host('other', '10.77.0.61/24');
    assert.throws(() => other.runSync('curl', '-s', `tftp://${SERVER_ADDRESS}/d1f0e2a3/start4.elf`));
    assert.equal(other.runSync('curl', '-s', `tftp://${SERVER_ADDRESS}/start4.elf`), 'firmware');
  });
});
