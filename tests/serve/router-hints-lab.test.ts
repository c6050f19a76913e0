/** Router hints under the running server: Linux's own IPv6 as the machine that asks, dnsmasq as the router that advertises. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Namespace } from '../lab/netns.ts';
import { openRack, type Rack, startDnsmasq } from '../lab/rack.ts';
import { makeScratch } from '../lab/scratch.ts';
import { type LogRecord, type Server, type ServerSetup, startServer } from '../lab/server.ts';
import { lease } from '../lab/udhcpc.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');
const PXE = 'PXEClient:Arch:00000:UNDI:002001';
const DEADLINE = 30;

const SETUP: ServerSetup = {
  config: {
    interfaces: ['eth0'],
    dhcp: { mode: 'full', subnets: [{ subnet: '10.77.0.0/24', pools: ['10.77.0.50-10.77.0.60'] }] },
  },
  texts: {
    'profiles/all.yaml': 'name: all\nboot: { file: { bios: first.bin } }\n',
    'tftpboot/first.bin': 'program',
  },
};

/** A host whose kernel asks for routers as soon as it has an address, and says so by its counters. */
interface Host {
  readonly inside: Namespace;
  readonly mac: string;
  /** Icmp6OutRouterSolicits, Icmp6InRouterAdvertisements, Icmp6InErrors … */
  counter(name: string): number;
  /** Unplugs the cable and plugs it in again: IPv6 begins anew. Resolves when it has asked for routers. */
  replug(): Promise<void>;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + DEADLINE * 1000;
  while (!condition()) {
    assert.ok(performance.now() < end, what);
    await sleep(20);
  }
}

function plugIn(rack: Rack, label: string, cidr: string): Host {
  const inside = rack.host(label, cidr);
  for (const setting of ['router_solicitation_delay=0', 'router_solicitation_interval=1', 'accept_ra=1']) {
    inside.runSync('sysctl', '-qw', `net.ipv6.conf.eth0.${setting}`);
  }
  const counter = (name: string): number => {
    const line = new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(
      inside.runSync('cat', '/proc/net/dev_snmp6/eth0'),
    );
    return Number(line?.[1] ?? assert.fail(name));
  };
  return {
    inside,
    mac: inside.runSync('cat', '/sys/class/net/eth0/address').trim(),
    counter,
    async replug() {
      const before = counter('Icmp6OutRouterSolicits');
      inside.runSync('ip', 'link', 'set', 'eth0', 'down');
      inside.runSync('ip', 'link', 'set', 'eth0', 'up');
      await until(() => counter('Icmp6OutRouterSolicits') > before, `${label} asks for routers`);
    },
  };
}

const hintsTo = (server: Server, { mac }: Host): LogRecord[] =>
  server.records.all.filter((record) => record.kind === 'hint' && record.mac === mac);

describe('router hints', () => {
  let rack: Rack;
  let server: Server;
  let machine: Host;
  let stranger: Host;

  before(async () => {
    rack = openRack();
    machine = plugIn(rack, 'machine', '10.78.0.1/24');
    stranger = plugIn(rack, 'other', '10.78.0.2/24');
    server = await startServer(rack.server, SETUP);
  });
  after(async () => {
    await server?.stop();
    await rack?.close();
  });

  test('a machine that was told what to boot gets one, which configures nothing; others get none', async () => {
    await lease(stranger.inside);
    await lease(machine.inside, '-V', PXE);
    await stranger.replug();
    const heard = machine.counter('Icmp6InRouterAdvertisements');
    const hinted = server.records.waitFor(
      'a hint to the machine',
      ({ kind, mac }) => kind === 'hint' && mac === machine.mac,
      { seconds: DEADLINE },
    );
    await machine.replug();
    const { to, msg } = await hinted;
    assert.match(to ?? '', /^fe80::/);
    assert.equal(msg, `told ${to} that there is no IPv6 router to wait for`);
    await until(() => machine.counter('Icmp6InRouterAdvertisements') > heard, 'the machine takes the hint');
    assert.equal(machine.counter('Icmp6InErrors'), 0);
    assert.equal(machine.inside.runSync('ip', '-6', 'route', 'show', 'default').trim(), '');
    assert.equal(machine.inside.runSync('ip', '-6', 'address', 'show', 'scope', 'global').trim(), '');
    assert.deepEqual(hintsTo(server, stranger), []);
    assert.equal(stranger.counter('Icmp6InRouterAdvertisements'), 0);
  });

  test('where a router advertises there are none, and machines hear of routers from it', async () => {
    const router = rack.host('router', '10.77.0.3/24');
    const noticed = server.records.waitFor(
      'the router is noticed',
      ({ kind, msg }) => kind === 'notice' && msg.startsWith('an IPv6 router advertises on eth0'),
      { seconds: DEADLINE },
    );
    router.runSync('ip', 'address', 'add', 'fd77::1/64', 'dev', 'eth0', 'nodad');
    // dnsmasq serves DHCPv4 too when it serves anything; here nobody on its list asks.
    const ranges = ['--dhcp-range=10.77.0.3,static', '--dhcp-range=fd77::,ra-only'];
    const dnsmasq = await startDnsmasq(router, ['--enable-ra', ...ranges]);
    await noticed;
    await lease(machine.inside, '-V', PXE);
    const given = hintsTo(server, machine).length;
    await machine.replug();
    await until(
      () => machine.inside.runSync('ip', '-6', 'address', 'show', 'scope', 'global').includes('fd77:'),
      'the machine makes itself an address of the router’s prefix',
    );
    await dnsmasq.stop();
    assert.equal(hintsTo(server, machine).length, given);
  });
});

describe('without CAP_NET_RAW', () => {
  let rack: Rack;
  const scratch = makeScratch('hints');
  before(() => {
    rack = openRack();
  });
  after(async () => {
    await rack?.close();
    scratch.remove();
  });

  /** What the server says until it is ready, or until it ends. */
  async function start(routerHint: string): Promise<string> {
    const file = join(scratch.path, `${routerHint}.yaml`);
    const config = { interfaces: ['eth0'], boot: { routerHint }, state: scratch.path };
    writeFileSync(file, stringify(config));
    const child = rack.server.spawn('setpriv', ['--bounding-set=-net_raw', LAUNCHER, 'serve', '-c', file]);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    let ended = false;
    const gone = new Promise<void>((done) => {
      child.once('close', () => {
        ended = true;
        done();
      });
    });
    await until(() => ended || said.includes('"msg":"ready"'), 'it starts or ends');
    child.kill('SIGTERM');
    await gone;
    return said;
  }

  test('auto starts, and says once what is missing', async () => {
    const said = await start('auto');
    const lines = said.split('\n').filter((line) => line.includes('router hints'));
    assert.equal(lines.length, 1, said);
    assert.match(lines[0] ?? '', /iPXE waits for IPv6 routers: may not open a packet socket on eth0/);
    assert.match(lines[0] ?? '', /Grant CAP_NET_RAW/);
    assert.match(said, /"msg":"ready"/);
  });

  test('on is not started', async () => {
    const said = await start('on');
    assert.match(said, /pilotlight: not started: may not open a packet socket on eth0 \(EPERM\)/);
    assert.match(said, /Grant CAP_NET_RAW/);
    assert.doesNotMatch(said, /"msg":"ready"/);
  });
});
