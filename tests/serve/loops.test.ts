/** Machines that go in circles: noticed once, told to the operator, and sent elsewhere where their profile says so. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Facts } from '../../src/boot/facts.ts';
import type { Quirk } from '../../src/boot/quirks.ts';
import type { LoopPolicy } from '../../src/config/model.ts';
import { type Description, imagine, imaginePacket } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageType, messageTypeBytes } from '../../src/dhcp/message.ts';
import type { MessageName, Packet } from '../../src/dhcp/packet.ts';
import { createMetrics } from '../../src/journal/metrics.ts';
import type { JournalRecord } from '../../src/journal/record.ts';
import type { Profile } from '../../src/profiles/model.ts';
import { createBootHistory } from '../../src/serve/boot-history.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createDhcpService } from '../../src/serve/dhcp.ts';
import { createRendering } from '../../src/serve/render.ts';
import { world as makeWorld, profile } from '../decide/world.ts';
import { ip, NOW } from '../leases/rules.ts';
import { createHandClock } from './hand-clock.ts';
import { scriptedStore } from './stores.ts';
import { createWire, NIC } from './wire.ts';

const MAC = '52:54:00:aa:00:01';
const DEFAULT: LoopPolicy = { times: 3, within: 120_000 };
const S = 1000;

const factsOf = (client: Description, message: Facts['message'] = 'DISCOVER'): Facts => ({
  ...imagine({ mac: MAC, ...client }, { nic: 'eth1', localAddress: ip('10.0.0.1') }).facts,
  message,
});
const ROM = factsOf({ arch: 'bios' });
const IPXE = factsOf({ arch: 'bios', ipxe: true });

describe('what counts as a loop', () => {
  interface Step {
    /** Seconds since the start. */
    readonly at: number;
    readonly xid?: number;
    readonly facts?: Facts;
    readonly file?: string;
  }
  /** Whether each step is the one with which a loop is noticed. */
  function noticed(steps: readonly Step[], policy: LoopPolicy | undefined = DEFAULT): boolean[] {
    const history = createBootHistory(policy);
    return steps.map(({ at, xid = at, facts = ROM, file = 'undionly.kpxe' }) => {
      const now = NOW + at * S;
      return history.told(history.heard(facts, xid, now), file, now) !== undefined;
    });
  }
  const cases: Record<string, [steps: readonly Step[], noticedAt: number | undefined, policy?: LoopPolicy]> =
    {
      'three boots in two minutes': [[{ at: 0 }, { at: 50 }, { at: 100 }], 2],
      'three boots in three minutes are none': [[{ at: 0 }, { at: 90 }, { at: 180 }], undefined],
      'it is told of once': [[{ at: 0 }, { at: 20 }, { at: 40 }, { at: 60 }, { at: 80 }], 2],
      'other figures': [[{ at: 0 }, { at: 500 }], 1, { times: 2, within: 600 * S }],
      'one DISCOVER, repeated': [[0, 4, 12, 28, 60].map((at) => ({ at, xid: 7 })), undefined],
      'DISCOVER, then REQUEST': [
        [
          { at: 0 },
          { at: 1, facts: factsOf({ arch: 'bios' }, 'REQUEST') },
          { at: 2, facts: factsOf({ arch: 'bios' }, 'REQUEST') },
        ],
        undefined,
      ],
      'a ROM whose transaction id is the same at every boot': [
        [0, 30, 60].flatMap((at) => [
          { at, xid: 7 },
          { at: at + 1, xid: 7, facts: factsOf({ arch: 'bios' }, 'REQUEST') },
        ]),
        4,
      ],
      'firmware and the iPXE after it, twice': [
        [
          { at: 0 },
          { at: 10, facts: IPXE, file: 'script' },
          { at: 60 },
          { at: 70, facts: IPXE, file: 'script' },
        ],
        undefined,
      ],
      'an iPXE that is told to chain itself': [
        [0, 5, 10].map((at) => ({ at, facts: IPXE, file: 'ipxe.efi' })),
        2,
      ],
      'another file in between': [
        [{ at: 0 }, { at: 20, file: 'other.efi' }, { at: 40 }, { at: 60 }],
        undefined,
      ],
      'BOOTP clients': [[0, 20, 40].map((at) => ({ at, facts: { ...ROM, message: 'BOOTP' as const } })), 2],
      'installed systems never': [
        [0, 20, 40].map((at) => ({ at, facts: factsOf({ vendorClass: 'MSFT 5.0' }) })),
        undefined,
      ],
    };
  for (const [name, [steps, at, policy]] of Object.entries(cases)) {
    test(name, () => {
      assert.deepEqual(
        noticed(steps, policy),
        steps.map((_, index) => index === at),
      );
    });
  }
  test('boot.loop: off', () => {
    const history = createBootHistory(undefined);
    for (const at of [0, 10, 20, 30]) {
      const now = NOW + at * S;
      assert.equal(history.told(history.heard(ROM, at, now), 'x', now), undefined);
    }
    assert.equal(history.isLooping(ROM), false);
  });
  test('told nothing at all is no loop', () => {
    const history = createBootHistory(DEFAULT);
    for (const at of [0, 10, 20, 30]) {
      const now = NOW + at * S;
      assert.equal(history.told(history.heard(ROM, at, now), undefined, now), undefined);
    }
  });
  test('it ends with silence, and with another answer', () => {
    const history = createBootHistory(DEFAULT);
    const ask = (at: number, file: string) => {
      const now = NOW + at * S;
      history.told(history.heard(ROM, at, now), file, now);
      return history.isLooping(ROM);
    };
    assert.deepEqual(
      [0, 20, 40].map((at) => ask(at, 'a')),
      [false, false, true],
    );
    assert.equal(ask(400, 'a'), false, 'silent for longer than boot.loop.within');
    assert.deepEqual(
      [420, 440].map((at) => ask(at, 'a')),
      [false, true],
    );
    assert.equal(ask(460, 'b'), false, 'its profile was changed meanwhile');
  });
  test('machines far beyond the limit are forgotten, those silent for longest first', () => {
    const history = createBootHistory({ times: 2, within: 120 * S }, 4);
    const ask = (mac: string, at: number) => {
      const facts = { ...ROM, mac };
      history.told(history.heard(facts, at, NOW + at), 'a', NOW + at);
      return history.isLooping(facts);
    };
    for (const [index, mac] of [...'abcdefghi'].entries()) ask(mac, index);
    assert.deepEqual(
      ['a', 'h', 'i'].map((mac, index) => ask(mac, 100 + index)),
      [false, true, true],
    );
  });
});

test('an iPXE is our own after its firmware was given a program, for five minutes', () => {
  const history = createBootHistory(DEFAULT);
  assert.equal(history.heard(IPXE, 1, NOW).chained, false);
  history.told(history.heard(ROM, 2, NOW), 'undionly.kpxe', NOW);
  assert.equal(history.heard(ROM, 3, NOW + 5 * S).chained, false, 'a ROM never is');
  assert.equal(history.heard(IPXE, 4, NOW + 20 * S).chained, true);
  assert.equal(history.heard({ ...IPXE, mac: 'other' }, 4, NOW + 20 * S).chained, false);
  assert.equal(history.heard(IPXE, 5, NOW + 600 * S).chained, false);
});

test('so it is after UEFI HTTP Boot was given one', () => {
  const history = createBootHistory(DEFAULT);
  const http = factsOf({ arch: 'uefi-x64-http' });
  history.told(history.heard(http, 1, NOW), 'http://10.0.0.1:8080/boot/snponly.efi', NOW);
  assert.equal(history.heard(factsOf({ arch: 'uefi-x64', ipxe: true }), 2, NOW + 20 * S).chained, true);
});

describe('in the pipeline', () => {
  function serve(own: Partial<Profile>, quirks: readonly Quirk[] = []) {
    const wire = createWire();
    const clock = createHandClock(NOW);
    const records: JournalRecord[] = [];
    const metrics = createMetrics({ process: false });
    const history = createBootHistory(DEFAULT);
    const clients = createClients();
    const base = makeWorld('full', [profile('p', own)]);
    const world = () => ({ ...base, quirks, isLooping: history.isLooping, now: clock.wall() });
    wire.arriveAt(ip('10.11.11.1'));
    createDhcpService({
      network: wire.network,
      nic: () => ({ ...NIC, addresses: [{ address: ip('10.11.11.1'), prefix: 24 }] }),
      ports: [67, 4011],
      table: base.leases as Parameters<typeof createDhcpService>[0]['table'],
      store: scriptedStore(),
      clients,
      history,
      clock,
      limit: { allows: () => true },
      journal: {
        write(record) {
          records.push(record);
          metrics.record(record);
        },
      },
      world,
    });
    let xid = 0;
    const send = (client: Description, type: MessageName = 'DISCOVER'): void => {
      xid += 1;
      const packet: Packet = imaginePacket({ mac: MAC, ...client });
      const options = new Map(packet.options).set(OPTION.MESSAGE_TYPE, messageTypeBytes(type));
      wire.deliver(67, { ...packet, xid, options });
    };
    /** Asks port 4011 for an item of the menu, by its number. */
    const choose = (type: string): void => {
      xid += 1;
      const packet: Packet = imaginePacket({ mac: MAC, arch: 'bios' });
      const options = new Map(packet.options)
        .set(OPTION.MESSAGE_TYPE, messageTypeBytes('REQUEST'))
        .set(OPTION.VENDOR_OPTIONS, Buffer.from(`4704${type}0000ff`, 'hex'));
      wire.deliver(4011, { ...packet, xid, ciaddr: ip('10.11.11.50'), options });
    };
    const files = () => wire.replies().map(({ file }) => file);
    const notices = () => records.filter((record) => record.kind === 'notice');
    return {
      wire,
      clock,
      records,
      metrics,
      send,
      choose,
      files,
      notices,
      rendering: createRendering(clients, world),
    };
  }

  test('what is chosen in a menu is the same boot still', () => {
    const program = (file: string) => ({
      kind: 'file' as const,
      byArch: new Map([['default' as const, file]]),
    });
    const items = [
      { title: 'First', boot: program('first.0') },
      { title: 'Second', boot: program('second.0') },
    ];
    const menu = { prompt: 'F8', timeout: 10, items };
    const { send, choose, files, notices, clock } = serve({ boot: { kind: 'menu', menu } });
    for (let time = 0; time < 3; time++) {
      send({ arch: 'bios' });
      choose('8001');
      clock.advance(20 * S);
    }
    assert.deepEqual(files().slice(0, 2), ['first.0', 'second.0']);
    assert.equal(notices().length, 1);
  });

  test('the third time is warned of once, and the machine goes on to get what its profile says', async () => {
    const { send, files, notices, metrics, clock } = serve({});
    for (let time = 0; time < 5; time++) {
      send({ arch: 'bios' });
      clock.advance(20 * S);
    }
    assert.deepEqual(files(), Array(5).fill('undionly.kpxe'));
    const [notice, ...more] = notices();
    assert.ok(notice?.kind === 'notice');
    assert.deepEqual(more, []);
    assert.deepEqual(
      [notice.level, notice.code, notice.mac, notice.message],
      ['warn', 'BOOT_LOOP', MAC, 'this machine goes in circles: it was told undionly.kpxe 3 times in 40 s'],
    );
    assert.deepEqual(notice.detail, {
      file: 'undionly.kpxe',
      times: 3,
      seconds: 40,
      stage: 'rom',
      profile: 'p',
      toldNow: 'undionly.kpxe',
    });
    assert.match(await metrics.text(), /^pilotlight_boot_loops_total 1$/m);
  });

  test('a NAK in between is no other answer', () => {
    const { wire, send, clock, notices } = serve({});
    for (let time = 0; time < 3; time++) {
      send({ arch: 'bios' });
      const packet = imaginePacket({ mac: MAC, arch: 'bios' });
      const options = new Map(packet.options)
        .set(OPTION.MESSAGE_TYPE, messageTypeBytes('REQUEST'))
        .set(OPTION.REQUESTED_ADDRESS, Uint8Array.of(192, 168, 1, 5));
      wire.deliver(67, { ...packet, xid: time + 1, options });
      clock.advance(20 * S);
    }
    assert.deepEqual(wire.replies().map(messageType), ['OFFER', 'NAK', 'OFFER', 'NAK', 'OFFER', 'NAK']);
    assert.equal(notices().length, 1);
  });

  test('boot.onLoop: local sends firmware to its disk from the third time on', () => {
    const { send, wire, clock } = serve({ onLoop: { kind: 'local' } });
    for (let time = 0; time < 4; time++) {
      send({ arch: 'bios' });
      clock.advance(20 * S);
    }
    const told = wire.replies().map(({ file, options }) => `${file} ${options.get(43)?.toHex() ?? ''}`);
    assert.deepEqual(told.slice(0, 2), ['undionly.kpxe ', 'undionly.kpxe ']);
    assert.match(told[2] ?? '', /^ 0601030a0b004c6f63616c206469736b/);
    assert.equal(told[3], told[2]);
  });

  test('boot.onLoop: local changes the script that an iPXE in a ROM gets', () => {
    const { send, rendering, clock } = serve({ onLoop: { kind: 'local' } });
    const requester = { address: undefined, mac: MAC, serverAddress: ip('10.11.11.1') };
    const script = () => {
      const result = rendering.script({ mac: MAC }, requester);
      return 'text' in result ? result.text : result.detail;
    };
    for (let time = 0; time < 3; time++) {
      send({ arch: 'bios', ipxe: true });
      assert.match(script(), time < 2 ? /^kernel /m : /^sanboot /m);
      clock.advance(10 * S);
    }
  });

  test('boot.onLoop with another program, by architecture', () => {
    const byArch = new Map([
      ['uefi-x64', 'ipxe.efi'],
      ['default', 'ipxe.pxe'],
    ] as const);
    const { send, files, clock, notices } = serve({ onLoop: { kind: 'file', byArch } });
    for (let time = 0; time < 4; time++) {
      send({ arch: 'uefi-x64' });
      clock.advance(10 * S);
    }
    assert.deepEqual(files(), ['snponly.efi', 'snponly.efi', 'ipxe.efi', 'ipxe.efi']);
    assert.equal(notices().length, 1);
  });

  const every = (adjust: Quirk['adjust']): Quirk => ({ name: 'q', match: {}, adjust, evidence: 'test' });

  test('replyDelay: the reply leaves after that time, and is told of at once', () => {
    const { send, wire, clock, records } = serve({}, [every({ replyDelay: 2 * S })]);
    send({ arch: 'bios' });
    assert.equal(wire.sent.length, 0);
    const [record] = records;
    assert.deepEqual([record?.kind, record?.kind === 'decision' && record.quirks], ['decision', ['q']]);
    clock.advance(1999);
    assert.equal(wire.sent.length, 0);
    clock.advance(1);
    assert.equal(wire.sent.length, 1);
  });

  test('broadcast: to everybody, and a relay is told to do so too', () => {
    const quiet = { vendorClass: 'PXEClient:Arch:00000:UNDI:002001', arch: 'bios' };
    const deliver = (quirks: readonly Quirk[]) => {
      const { wire } = serve({}, quirks);
      wire.deliver(67, { ...imaginePacket({ mac: MAC, ...quiet }), flags: 0 });
      return [wire.sent[0]?.to, wire.replies()[0]?.flags];
    };
    assert.deepEqual(deliver([]), [ip('10.11.11.50'), 0]);
    assert.deepEqual(deliver([every({ broadcast: true })]), [0xffff_ffff, 0x8000]);
  });
});
