import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { JournalRecord } from '../../src/journal/record.ts';
import { decodeRouterFrame, encodeNoRouter, encodeSolicitation, isMalformed } from '../../src/ndp/frame.ts';
import type { RouterDiscovery } from '../../src/net/router-discovery.ts';
import { NetError } from '../../src/net/udp.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createRouterHints } from '../../src/serve/router-hints.ts';
import { formatIpv6, type Ipv6, parseIpv6, UNSPECIFIED_IPV6 } from '../../src/values/ipv6.ts';
import { createHandClock, type HandClock } from './hand-clock.ts';
import { NIC } from './wire.ts';

const MACHINE = '52:54:00:aa:00:01';
const OTHER = '52:54:00:aa:00:02';
const START = Date.UTC(2026, 0, 1);
const HALF_AN_HOUR = 1_800_000;

const ip = (text: string): Ipv6 => parseIpv6(text) ?? assert.fail(text);
const SERVER = ip('fe80::1');
const CLIENT = ip('fe80::5054:ff:feaa:1');

/** From fe80::c, to all nodes: a default router for so many seconds. */
function advertisement(lifetime: number): Uint8Array {
  const frame = encodeNoRouter({
    linkSource: '52:54:00:cc:00:01',
    linkDestination: '33:33:00:00:00:01',
    source: ip('fe80::c'),
    destination: ip('ff02::1'),
  });
  const view = new DataView(frame.buffer);
  view.setUint16(60, lifetime);
  // One's complement arithmetic: what is added to the message is taken off its checksum (RFC 1624).
  const sum = (~view.getUint16(56) & 0xffff) + lifetime;
  view.setUint16(56, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  return frame;
}

interface Scene {
  readonly clock: HandClock;
  readonly clients: ReturnType<typeof createClients>;
  readonly records: JournalRecord[];
  /** What was sent, in words. */
  readonly sent: string[];
  own: Ipv6 | undefined;
  forwards: boolean;
  failure: string | undefined;
  refusal: NetError | undefined;
  deliver(frame: Uint8Array): void;
  ask(mac?: string, source?: Ipv6): void;
  sockets: number;
}

function createScene(): Scene {
  const clock = createHandClock(START);
  const scene: Scene = {
    clock,
    clients: createClients(),
    records: [],
    sent: [],
    own: SERVER,
    forwards: false,
    failure: undefined,
    refusal: undefined,
    deliver: () => assert.fail('no socket is open'),
    ask(mac = MACHINE, source = CLIENT) {
      scene.deliver(encodeSolicitation({ linkSource: mac, source }));
    },
    sockets: 0,
  };
  return scene;
}

function tell(frame: Uint8Array): string {
  const message = decodeRouterFrame(frame);
  if (isMalformed(message)) return message.malformed;
  if (message.kind === 'solicitation') return `question from ${formatIpv6(message.source)}`;
  assert.equal(message.tells, false);
  assert.equal(message.linkSource, NIC.mac);
  return `hint from ${formatIpv6(message.source)} to ${message.linkDestination} ${formatIpv6(message.destination)}`;
}

function open(scene: Scene, policy: 'auto' | 'on' = 'auto'): { close(): void } {
  const network: RouterDiscovery = {
    routerSocket(_, onFrame) {
      if (scene.refusal !== undefined) throw scene.refusal;
      scene.sockets += 1;
      scene.deliver = onFrame;
      return {
        send(frame) {
          if (scene.failure === undefined) scene.sent.push(tell(frame));
          return scene.failure;
        },
        close() {
          scene.sockets -= 1;
        },
      };
    },
    linkLocal: () => scene.own,
    forwardsIpv6: () => scene.forwards,
  };
  const { clock, clients, records } = scene;
  const journal = { write: (record: JournalRecord) => void records.push(record) };
  return createRouterHints({ network, clock, clients, journal, policy }).open(() => NIC);
}

const HINT = `hint from fe80::1 to ${MACHINE} fe80::5054:ff:feaa:1`;
const QUESTION = 'question from fe80::1';

const hints = (scene: Scene): number => scene.sent.filter((what) => what.startsWith('hint')).length;
const notices = (scene: Scene): string[] =>
  scene.records.flatMap((record) => (record.kind === 'notice' ? [`${record.level} ${record.message}`] : []));

describe('router hints', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = createScene();
  });

  /** Open, and past the second in which a router may answer the first question; the machine is told what to boot. */
  function opened(policy: 'auto' | 'on' = 'auto'): { close(): void } {
    const running = open(scene, policy);
    scene.clock.advance(1000);
    scene.clients.boots(MACHINE, scene.clock.wall());
    return running;
  }

  test('a machine that was told what to boot gets one, and it is told of', () => {
    opened();
    scene.ask();
    assert.deepEqual(scene.sent, [QUESTION, HINT]);
    const to = 'fe80::5054:ff:feaa:1';
    assert.deepEqual(scene.records, [{ kind: 'hint', at: START + 1000, mac: MACHINE, nic: 'eth1', to }]);
  });

  test('nobody else does, nor the machine itself a minute later', () => {
    opened();
    scene.ask(OTHER);
    scene.clock.advance(60_000);
    scene.ask();
    assert.equal(hints(scene), 0);
    assert.deepEqual(scene.records, []);
  });

  test('a machine without an address is not answered yet, nor is one at an address of elsewhere', () => {
    opened();
    scene.ask(MACHINE, UNSPECIFIED_IPV6);
    scene.ask(MACHINE, ip('2001:db8::1'));
    assert.equal(hints(scene), 0);
    scene.ask();
    assert.equal(hints(scene), 1);
  });

  test('no hint in the first second, in which a router may answer our question', () => {
    open(scene);
    scene.clients.boots(MACHINE, scene.clock.wall());
    scene.ask();
    scene.clock.advance(999);
    scene.ask();
    assert.equal(hints(scene), 0);
    scene.clock.advance(1);
    scene.ask();
    assert.equal(hints(scene), 1);
  });

  test('routers are asked for three times, then every ten minutes', () => {
    const running = open(scene);
    assert.equal(scene.sent.length, 1);
    scene.clock.advance(4000);
    assert.equal(scene.sent.length, 2);
    scene.clock.advance(4000);
    assert.equal(scene.sent.length, 3);
    scene.clock.advance(599_999);
    assert.equal(scene.sent.length, 3);
    scene.clock.advance(1);
    assert.equal(scene.sent.length, 4);
    scene.clock.advance(600_000);
    assert.equal(scene.sent.length, 5);
    running.close();
    assert.deepEqual(scene.clock.armed(), []);
    assert.equal(scene.sockets, 0);
  });

  for (const policy of ['auto', 'on'] as const) {
    test(`${policy}: where a router advertises it is silent for half an hour, and says so once`, () => {
      opened(policy);
      scene.deliver(advertisement(0x0708));
      scene.clock.advance(60_000);
      scene.deliver(advertisement(0x0708));
      assert.deepEqual(notices(scene), [
        'info an IPv6 router advertises on eth1: machines that boot hear of routers from it',
      ]);
      scene.clock.advance(HALF_AN_HOUR - 1);
      scene.clients.boots(MACHINE, scene.clock.wall());
      scene.ask();
      assert.equal(hints(scene), 0);
      scene.clock.advance(1);
      scene.ask();
      assert.equal(hints(scene), 1);
      scene.deliver(advertisement(0x0708));
      assert.equal(notices(scene).length, 2);
    });
  }

  test('a router counts for as long as it says itself, if that is longer', () => {
    opened();
    scene.deliver(advertisement(9000));
    scene.clock.advance(9_000_000 - 1);
    scene.clients.boots(MACHINE, scene.clock.wall());
    scene.ask();
    assert.equal(hints(scene), 0);
    scene.clock.advance(1);
    scene.ask();
    assert.equal(hints(scene), 1);
  });

  test('another server’s hint is no router', () => {
    opened();
    const ends = { linkSource: OTHER, linkDestination: '33:33:00:00:00:01' };
    scene.deliver(encodeNoRouter({ ...ends, source: ip('fe80::c'), destination: ip('ff02::1') }));
    scene.ask();
    assert.equal(hints(scene), 1);
  });

  test('damaged advertisements are no routers', () => {
    opened();
    const frame = advertisement(0x0708);
    frame[60] = (frame[60] ?? 0) ^ 1;
    scene.deliver(frame);
    scene.ask();
    assert.equal(hints(scene), 1);
  });

  test('a host that is a router itself is silent, unless it is told that it may speak', () => {
    scene.forwards = true;
    opened();
    scene.ask();
    scene.ask();
    assert.equal(hints(scene), 0);
    assert.deepEqual(notices(scene), [
      'warn no router hints on eth1: this host is an IPv6 router there itself',
    ]);
    opened('on');
    scene.ask();
    assert.equal(hints(scene), 1);
  });

  test('without a link-local address it is silent and says so once; with one it asks for routers first', () => {
    scene.own = undefined;
    opened();
    assert.deepEqual(scene.sent, []);
    scene.ask();
    scene.ask();
    assert.deepEqual(notices(scene), ['warn no router hints on eth1: it has no link-local IPv6 address']);
    scene.own = SERVER;
    scene.ask();
    assert.deepEqual(scene.sent, [QUESTION]);
    scene.clock.advance(1000);
    scene.ask();
    assert.deepEqual(scene.sent, [QUESTION, HINT]);
  });

  test('a hint that cannot be sent is told of once', () => {
    opened();
    scene.failure = 'ENETDOWN';
    scene.ask();
    scene.ask();
    assert.deepEqual(notices(scene), ['warn no router hints on eth1: they cannot be sent (ENETDOWN)']);
    assert.equal(scene.records.length, 1);
  });

  test('a machine that asks without end gets five at once, then one a second', () => {
    opened();
    for (let count = 0; count < 100; count += 1) scene.ask();
    assert.equal(hints(scene), 5);
    scene.clock.advance(1000);
    scene.ask();
    scene.ask();
    assert.equal(hints(scene), 6);
  });

  test('without the right to listen: auto says so and goes on, on refuses', () => {
    scene.refusal = new NetError(
      'NO_PERMISSION',
      'may not open a packet socket on eth1 (EPERM)',
      'Grant it.',
    );
    open(scene).close();
    assert.deepEqual(notices(scene), [
      'warn no router hints, so iPXE waits for IPv6 routers: may not open a packet socket on eth1 (EPERM)',
    ]);
    assert.throws(() => open(scene, 'on'), scene.refusal);
    assert.deepEqual(scene.clock.armed(), []);
  });
});
