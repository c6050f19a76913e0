/** NICs that come and go, as a list that the test changes and a clock that it moves. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NetError, type Network, type Nic } from '../../src/net/udp.ts';
import { chooseNics } from '../../src/serve/nics.ts';
import { serveNics } from '../../src/serve/served-nics.ts';
import type { Subnet } from '../../src/values/ipv4.ts';
import { parseIpv6 } from '../../src/values/ipv6.ts';
import { ip, NOW } from '../leases/rules.ts';
import { createHandClock } from './hand-clock.ts';
import { createWire, NIC } from './wire.ts';

const nic = (name: string, index: number, ...addresses: string[]): Nic => ({
  ...NIC,
  name,
  index,
  addresses: addresses.map((address) => ({ address: ip(address), prefix: 24 })),
});
const down = (it: Nic): Nic => ({ ...it, up: false });

const ETH1 = nic('eth1', 2, '10.0.0.1');
const ETH2 = nic('eth2', 3, '10.2.0.1');
const SETTLED_MS = 100;

function serve(named: readonly string[] | undefined, ...present: Nic[]) {
  const clock = createHandClock(NOW);
  const log: string[] = [];
  const watchers = new Set<() => void>();
  const refusing = new Set<string>();
  let subnets: readonly Subnet[] | undefined;
  const openedAs = new Map<string, () => Nic>();
  const network: Network = {
    ...createWire().network,
    nics: () => present,
    watchNics(onChange) {
      watchers.add(onChange);
      return { close: () => void watchers.delete(onChange) };
    },
  };
  const served = serveNics({
    network,
    clock,
    named,
    chosen: chooseNics(named, present),
    subnets: () => subnets,
    journal: {
      write: (record) => {
        if (record.kind === 'notice') log.push(`${record.level}: ${record.message}`);
      },
    },
    open(current) {
      const { name, index } = current();
      if (refusing.has(name))
        throw new NetError('PORT_TAKEN', `port 67 on ${name} is taken`, 'Stop the other.');
      log.push(`open ${name} ${index}`);
      openedAs.set(name, current);
      return { close: () => void log.push(`close ${name} ${index}`) };
    },
  });
  /** The list is another from now on; what was logged once that was noticed. */
  const become = (...now: Nic[]): string[] => {
    present.splice(0, present.length, ...now);
    log.length = 0;
    for (let event = 0; event < 5; event++) for (const tell of watchers) tell();
    clock.advance(SETTLED_MS);
    return log;
  };
  const names = () => served.nics().map(({ name }) => name);
  const giveAddressesIn = (...given: Subnet[]): void => {
    subnets = given;
  };
  return {
    served,
    become,
    present,
    log,
    names,
    clock,
    refusing,
    openedAs,
    watchers,
    giveAddressesIn,
  };
}

describe('NICs that the configuration names', () => {
  test('one that vanishes is closed, and served again when it returns', () => {
    const { become, log, names, served } = serve(['eth2', 'eth1'], ETH1, ETH2);
    assert.deepEqual(log, ['open eth2 3', 'open eth1 2']);
    assert.deepEqual(become(ETH1), [
      'close eth2 3',
      'warn: eth2 has vanished: nobody on it is served until it returns',
    ]);
    assert.deepEqual([names(), served.faults()], [['eth1'], ['interface eth2 has vanished']]);
    assert.deepEqual(become(ETH1, nic('eth2', 9)), [
      'open eth2 9',
      'info: eth2 has appeared, and is served: no address',
      'warn: eth2 has no IPv4 address: machines on it get no DHCP answers, and files over IPv6 only',
    ]);
    assert.deepEqual(become(ETH1, nic('eth2', 9, '10.2.0.1')), [
      'info: eth2 has the address 10.2.0.1/24 now',
    ]);
    assert.deepEqual([names(), served.faults()], [['eth2', 'eth1'], []]);
  });

  test('one that moves out of every subnet that addresses are given in is told', () => {
    const { become, giveAddressesIn } = serve(undefined, ETH1);
    giveAddressesIn({ network: ip('10.0.0.0'), prefix: 24 }, { network: ip('10.1.0.0'), prefix: 16 });
    assert.deepEqual(become(nic('eth1', 2, '10.9.0.1')), [
      'warn: eth1 10.9.0.1/24 is in none of dhcp.subnets: only machines behind relays get addresses by it',
      'info: eth1 has the address 10.9.0.1/24 now',
    ]);
    assert.deepEqual(become(nic('eth1', 2, '10.1.7.1')), ['info: eth1 has the address 10.1.7.1/24 now']);
  });

  test('one that was replaced between two looks is opened anew', () => {
    const { become, log } = serve(['eth1'], ETH1);
    become({ ...ETH1, index: 7 });
    assert.deepEqual(
      log.filter((line) => !line.includes(':')),
      ['close eth1 2', 'open eth1 7'],
    );
  });

  test('others that appear are nobody’s business', () => {
    const { become } = serve(['eth1'], ETH1);
    assert.deepEqual(become(ETH1, ETH2), []);
  });

  test('new addresses, and a link that goes down and up, are told, and the services see the NIC as it is', () => {
    const { become, openedAs, served } = serve(['eth1'], ETH1);
    const moved = nic('eth1', 2, '10.0.0.9', '10.0.0.10');
    assert.deepEqual(become(moved), ['info: eth1 has the address 10.0.0.9/24, 10.0.0.10/24 now']);
    assert.equal(openedAs.get('eth1')?.().addresses[0]?.address, ip('10.0.0.9'));
    assert.deepEqual(become(down(moved)), ['warn: eth1 is down: nothing arrives until it is set up']);
    assert.deepEqual(become(down(moved)), []);
    assert.equal(served.nics()[0]?.up, false);
    assert.deepEqual(become(moved), ['info: eth1 is up']);
    assert.deepEqual(become(nic('eth1', 2)), [
      'warn: eth1 has no IPv4 address: machines on it get no DHCP answers, and files over IPv6 only',
    ]);
    assert.deepEqual(become({ ...nic('eth1', 2), mtu: 9000 }), []);
  });

  test('one that cannot be served when it appears is told once, and tried until it can', () => {
    const { become, clock, log, refusing, served } = serve(['eth1', 'eth2'], ETH1, ETH2);
    become(ETH1);
    refusing.add('eth2');
    assert.deepEqual(become(ETH1, ETH2), ['error: port 67 on eth2 is taken']);
    assert.deepEqual(become(ETH1, ETH2), []);
    clock.advance(60_000);
    assert.deepEqual([log, served.faults()], [[], ['port 67 on eth2 is taken']]);
    refusing.clear();
    clock.advance(10_000);
    assert.deepEqual(log, ['open eth2 3', 'info: eth2 has appeared, and is served: 10.2.0.1/24']);
    assert.deepEqual([served.faults(), clock.armed()], [[], []]);
  });

  test('one that is missing at the start, or cannot be served then, is an error, and nothing stays open', () => {
    assert.throws(() => serve(['eth1', 'eth2'], ETH1), /interface eth2 does not exist/);
    const log: string[] = [];
    let watched = 0;
    assert.throws(
      () =>
        serveNics({
          network: {
            ...createWire().network,
            watchNics() {
              watched += 1;
              return {
                close() {
                  watched -= 1;
                },
              };
            },
          },
          clock: createHandClock(NOW),
          journal: { write() {} },
          subnets: () => undefined,
          named: ['eth1', 'eth2'],
          chosen: [ETH1, ETH2],
          open(current) {
            if (current().name === 'eth2') throw new NetError('PORT_TAKEN', 'taken', 'Stop it.');
            return { close: () => void log.push('closed') };
          },
        }),
      NetError,
    );
    assert.deepEqual([log, watched], [['closed'], 0]);
  });
});

describe('every NIC', () => {
  test('one that is added is served once it is up and has an address', () => {
    const { become, names } = serve(undefined, ETH1);
    assert.deepEqual(become(ETH1, down(nic('eth2', 3))), []);
    assert.deepEqual(become(ETH1, nic('eth2', 3)), []);
    assert.deepEqual(become(ETH1, ETH2), [
      'open eth2 3',
      'info: eth2 has appeared, and is served: 10.2.0.1/24',
    ]);
    assert.deepEqual(become(ETH1, down(ETH2)), ['warn: eth2 is down: nothing arrives until it is set up']);
    assert.deepEqual(names(), ['eth1', 'eth2'], 'it may come up again');
    become(ETH2);
    assert.deepEqual(names(), ['eth2']);
  });

  test('an IPv6 address counts, but not the link-local one that any NIC makes itself', () => {
    const { become } = serve(undefined, ETH1);
    const eth3 = (...addresses: string[]) => ({
      ...nic('eth3', 4),
      addresses6: addresses.map((text) => ({ address: parseIpv6(text) ?? assert.fail(text), prefix: 64 })),
    });
    assert.deepEqual(become(ETH1, eth3('fe80::1')), []);
    assert.deepEqual(become(ETH1, eth3('fd00::1', 'fe80::1')), [
      'open eth3 4',
      'info: eth3 has appeared, and is served: fd00::1/64',
      'warn: eth3 has no IPv4 address: machines on it get no DHCP answers, and files over IPv6 only',
    ]);
    assert.deepEqual(become(ETH1, eth3('2001:db8::1', 'fd00::1', 'fe80::1')), [
      'info: eth3 has the address 2001:db8::1/64, fd00::1/64 now',
    ]);
  });

  test('when none is left, that is a fault until there is one', () => {
    const { become, served } = serve(undefined, ETH1);
    become();
    assert.deepEqual(served.faults(), ['no interface is up and has an address']);
    become(ETH2);
    assert.deepEqual(served.faults(), []);
  });
});

test('what changed between the choice and the watch is seen', () => {
  const { log, clock, present } = serve(['eth1'], ETH1);
  present.pop();
  clock.advance(SETTLED_MS);
  assert.deepEqual(log.at(-1), 'warn: eth1 has vanished: nobody on it is served until it returns');
});

test('closing ends the watch, the timers and the services', () => {
  const { served, log, clock, watchers, refusing, become } = serve(['eth1', 'eth2'], ETH1, ETH2);
  become(ETH1);
  refusing.add('eth2');
  become(ETH1, ETH2);
  for (const tell of watchers) tell();
  assert.equal(clock.armed().length, 2);
  log.length = 0;
  served.close();
  assert.deepEqual([log, watchers.size, clock.armed(), served.nics()], [['close eth1 2'], 0, [], []]);
});
