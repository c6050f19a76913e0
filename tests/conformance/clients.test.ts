/**
 * Real clients: each obtains an address, renews it by unicast, rebinds by broadcast when its renewals are lost, releases
 * it, and is given the same one again. Leases run seconds and all clients run side by side. Needs root.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Capture, type CapturedDatagram, startCapture } from '../lab/capture.ts';
import type { Namespace } from '../lab/netns.ts';
import { SERVER_ADDRESS } from '../lab/rack.ts';
import { until } from '../net/inside.ts';
import { EVERYWHERE } from './client.ts';
import { macText } from './frames.ts';
import { readReply, TYPE, u8 } from './message.ts';
import { type Host, type Neighbourhood, openNeighbourhood, type Program } from './neighbourhood.ts';

const POOL = '10.77.0.50-10.77.0.99';
/** The relay that perfdhcp plays, and the network behind it. */
const PERF = { address: '10.78.0.2', pool: '10.78.0.50-10.78.0.199' };
/** dhcpcd and udhcpc take no lease for shorter than 20 and 16 s; on a busy machine T2 and the end should not meet. */
const T1_SECONDS = 5;
const LEASE = { leaseTime: '24s', renewTime: `${T1_SECONDS}s`, rebindTime: '10s' };

const DEADLINE_MS = 20_000;

const SETUP = {
  config: {
    interfaces: ['eth0'],
    log: { level: 'debug' },
    dhcp: {
      mode: 'full',
      conflictCheck: 'off',
      subnets: [
        { subnet: '10.77.0.0/24', pools: [POOL], router: SERVER_ADDRESS, ...LEASE },
        { subnet: '10.78.0.0/24', pools: [PERF.pool], ...LEASE },
      ],
    },
  },
};

interface DhcpClient {
  readonly name: string;
  start(host: Host): Program;
  /** Ends in a RELEASE and the end of the program. */
  release(program: Program, host: Host): Promise<void>;
  /** Whether it asks again when option 58 says so; else by a clock of its own. */
  readonly heedsT1: boolean;
  /** Makes it renew now rather than by its own clock. */
  hurry?(program: Program): void;
}

const dhclientFiles = ({ folder, script }: Host): readonly string[] => [
  ...['-sf', script, '-lf', `${folder}/dhclient.leases`, '-pf', `${folder}/dhclient.pid`],
  ...['-cf', `${folder}/dhclient.conf`],
];

/** Lost renewals are tried again every 1 to 3 s: by its own clock dhclient may sleep from T1 to the end, past T2. */
const DHCLIENT_CONF = 'initial-interval 1;\nbackoff-cutoff 2;\n';

const dhclient: DhcpClient = {
  name: 'dhclient',
  heedsT1: true,
  start(host) {
    rmSync(`${host.folder}/dhclient.leases`, { force: true });
    writeFileSync(`${host.folder}/dhclient.conf`, DHCLIENT_CONF);
    return host.start('dhclient', '-d', ...dhclientFiles(host), 'eth0');
  },
  async release(program, host) {
    await host.inside.run('dhclient', '-r', ...dhclientFiles(host), 'eth0');
    program.kill();
  },
};

const udhcpc: DhcpClient = {
  name: 'udhcpc',
  // It asks first at three quarters of the lease.
  heedsT1: false,
  start: (host) => host.start('busybox', 'udhcpc', '-f', '-R', '-i', 'eth0', '-s', host.script),
  release: (program) => program.end('SIGTERM'),
  hurry: (program) => program.signal('SIGUSR1'),
};

/** Its leases and sockets lie at fixed places: each start has those for itself, in the mount namespace of its host. */
const DHCPCD = `
  mkdir -p /run/dhcpcd /var/lib/dhcpcd
  mount -t tmpfs tmpfs /run/dhcpcd
  mount -t tmpfs tmpfs /var/lib/dhcpcd
  chown dhcpcd /var/lib/dhcpcd
  exec dhcpcd -4 -B -f /dev/null -c /bin/true --noarp eth0`;

const dhcpcd: DhcpClient = {
  name: 'dhcpcd',
  heedsT1: true,
  start: (host) => host.start('sh', '-c', DHCPCD),
  release: (program) => program.end('SIGALRM'),
};

/** In front of the server: what clients unicast to it can be lost. */
interface Firewall {
  dropUnicastFrom(address: string): void;
  pass(address: string): void;
}

function raiseFirewall(inside: Namespace): Firewall {
  const nft = (command: string): void => void inside.runSync('nft', command);
  nft('add table ip lab');
  nft('add set ip lab lost { type ipv4_addr; }');
  nft('add chain ip lab in { type filter hook input priority 0; }');
  nft(`add rule ip lab in ip saddr @lost ip daddr ${SERVER_ADDRESS} udp dport 67 drop`);
  return {
    dropUnicastFrom: (address) => nft(`add element ip lab lost { ${address} }`),
    pass: (address) => nft(`delete element ip lab lost { ${address} }`),
  };
}

/** Obtains, renews, rebinds, releases and obtains again. */
async function live(client: DhcpClient, host: Host, firewall: Firewall): Promise<void> {
  const program = client.start(host);
  const address = await host.acknowledged();
  await until(() => host.addresses().includes(address), `${client.name} takes ${address}`, DEADLINE_MS);
  assert.equal(await host.acknowledged(), address, 'renewed');
  firewall.dropUnicastFrom(address);
  client.hurry?.(program);
  assert.equal(await host.acknowledged(), address, 'rebound');
  firewall.pass(address);
  await client.release(program, host);
  await host.told('its RELEASE', ({ message }) => message === 'RELEASE');

  const again = client.start(host);
  assert.equal(await host.acknowledged(), address, 'the same address again');
  await until(() => host.addresses().includes(address), `${client.name} takes it`, DEADLINE_MS);
  again.kill();
}

/** What a life as above looks like on the wire; anything may come in between, lost renewals for one. */
const OBTAINS = [`DISCOVER to ${EVERYWHERE}`, 'OFFER', `REQUEST to ${EVERYWHERE}`, 'ACK'];
const LIFE: readonly string[] = [
  ...OBTAINS,
  ...[`REQUEST to ${SERVER_ADDRESS} from 10.77.0.`, 'ACK to 10.77.0.'],
  ...[`REQUEST to ${EVERYWHERE} from 10.77.0.`, 'ACK to 10.77.0.'],
  `RELEASE to ${SERVER_ADDRESS} from 10.77.0.`,
  ...OBTAINS,
];

const TYPE_NAMES = Object.entries(TYPE);

/** A message in short: its type, where it went, and ciaddr where it is set. */
function told({ destination, payload }: CapturedDatagram): string {
  const { options, ciaddr } = readReply(payload);
  const name = TYPE_NAMES.find(([, code]) => options[53] === u8(code))?.[0];
  return `${name} to ${destination}${ciaddr === '0.0.0.0' ? '' : ` from ${ciaddr}`}`;
}

/** Asserts that the lines come in this order, each by its beginning. */
function assertInOrder(lines: readonly string[], wanted: readonly string[]): void {
  let at = 0;
  for (const beginning of wanted) {
    const found = lines.findIndex((line, index) => index >= at && line.startsWith(beginning));
    assert.ok(found >= 0, `no "${beginning}" behind line ${at} of:\n${lines.join('\n')}`);
    at = found + 1;
  }
}

/** Seconds from the first ACK to the first unicast REQUEST. */
function firstRenewal(datagrams: readonly CapturedDatagram[]): number {
  const at = (beginning: string): number =>
    datagrams.find((datagram) => told(datagram).startsWith(beginning))?.at ?? Number.NaN;
  return (at(`REQUEST to ${SERVER_ADDRESS}`) - at('ACK')) / 1000;
}

/** perfdhcp's figures by exchange: `{ 'DISCOVER-OFFER': { 'sent packets': 80, … }, … }`. */
function figuresOf(output: string): Record<string, Record<string, number>> {
  const sections = output.split('***Statistics for: ').slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const [name = '', ...lines] = section.split('\n');
      const figures = lines.flatMap((line) => {
        const [, key, value] = /^([a-z ]+): (\d+)$/.exec(line) ?? [];
        return key === undefined ? [] : [[key, Number(value)] as const];
      });
      return [name.replace('***', ''), Object.fromEntries(figures)];
    }),
  );
}

/** It plays a relay with twenty clients, and counts as lost that a RELEASE has no answer. */
async function perform({ inside }: Host): Promise<Record<string, Record<string, number>>> {
  inside.runSync('ip', 'address', 'add', `${PERF.address}/24`, 'dev', 'eth0');
  inside.runSync('ip', 'route', 'add', '10.77.0.0/24', 'dev', 'eth0');
  const rates = ['-r', '20', '-f', '10', '-F', '5', '-R', '20', '-p', '6'];
  // An answer counts as lost after 5 s, and 3 s are given to the last ones: perfdhcp takes microseconds here.
  const patience = ['-d', '5', '-W', '3000000'];
  const command = ['perfdhcp', '-4', '-l', 'eth0', ...rates, ...patience, SERVER_ADDRESS].join(' ');
  return figuresOf(await inside.run('sh', '-c', `${command} || [ $? = 3 ]`));
}

describe('real clients', { concurrency: true }, () => {
  let site: Neighbourhood;
  let capture: Capture;

  before(async () => {
    site = await openNeighbourhood(SETUP);
    site.rack.server.runSync('ip', 'route', 'add', '10.78.0.0/24', 'dev', 'eth0');
    capture = await startCapture(site.rack);
  });
  after(async () => {
    await capture?.stop();
    await site?.close();
  });

  test('dhclient, udhcpc and dhcpcd live side by side', { concurrency: true }, async (t) => {
    const firewall = raiseFirewall(site.rack.server);
    const lives = [dhclient, udhcpc, dhcpcd].map((client) => ({ client, host: site.host(client.name) }));
    await Promise.all(
      lives.map(({ client, host }) => t.test(client.name, () => live(client, host, firewall))),
    );
    const datagrams = await capture.stop();
    for (const { client, host } of lives) {
      const own = datagrams.filter(({ payload }) => macText(payload.subarray(28, 34)) === host.mac);
      await t.test(`${client.name} on the wire`, () => {
        assertInOrder(own.map(told), LIFE);
        // dhclient is early by up to a quarter, so that a rack which started at once does not renew at once, and counts in
        // whole seconds, of which the first has partly passed.
        const renewed = firstRenewal(own);
        const atT1 = renewed > T1_SECONDS * 0.75 - 1 && renewed < T1_SECONDS * 2.2;
        assert.equal(atT1, client.heedsT1, `renewed after ${renewed} s`);
      });
    }
  });

  test('udhcpc declines an address that somebody else has, and takes another', async () => {
    const taken = '10.77.0.98';
    const squatter = site.host('squatter');
    squatter.inside.runSync('ip', 'address', 'add', `${taken}/24`, 'dev', 'eth0');
    const host = site.host('decliner');
    const options = ['-f', '-i', 'eth0', '-s', host.script, '-r', taken, '-a', '-A', '1'];
    const program = host.start('busybox', 'udhcpc', ...options);
    assert.equal(await host.acknowledged(), taken);
    const decline = await host.told('its DECLINE', ({ message }) => message === 'DECLINE');
    assert.ok(decline.level >= 40, 'the administrator is warned');
    assert.notEqual(await host.acknowledged(), taken);
    program.kill();
  });

  test('perfdhcp: a relay with twenty clients that obtain, renew and release, and nothing is lost', async () => {
    const figures = await perform(site.host('perf'));
    for (const exchange of ['DISCOVER-OFFER', 'REQUEST-ACK', 'REQUEST-ACK (renewal)']) {
      const { drops, 'sent packets': sent = 0, ...rest } = figures[exchange] ?? {};
      assert.ok(sent > 20, `${exchange}: ${sent} sent`);
      assert.deepEqual([drops, rest['rejected leases'], rest['non unique addresses']], [0, 0, 0], exchange);
    }
    const released = site.server.records.all.filter(({ message }) => message === 'RELEASE');
    assert.ok(released.length >= (figures['RELEASE']?.['sent packets'] ?? Number.NaN));
  });
});
