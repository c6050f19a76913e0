/** The messages of the clients that a probe plays, beside those of the firmware itself. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { OPTION } from '../../src/dhcp/codes.ts';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { encodePacket } from '../../src/dhcp/encode.ts';
import { messageType } from '../../src/dhcp/message.ts';
import { FLAG_BROADCAST, type Packet } from '../../src/dhcp/packet.ts';
import { bootServerRequest, clientOf, discover, vendorClass } from '../../src/probe/client.ts';
import { fromHex } from '../dhcp/hex.ts';
import { client, ip } from './rig.ts';

function golden(name: string): Packet {
  const packet = decodePacket(
    fromHex(readFileSync(join(import.meta.dirname, `../golden/${name}.hex`), 'utf8')),
  );
  assert.ok(!isMalformed(packet));
  return packet;
}

/** What a server decides by, without what names the one machine of the capture. */
function essence({ options, secs }: Packet): Record<string, string> {
  const own: readonly number[] = [OPTION.CLIENT_ID, OPTION.IPXE];
  const entries = [...options].filter(([code]) => !own.includes(code));
  return { secs: `${secs}`, ...Object.fromEntries(entries.map(([code, bytes]) => [code, bytes.toHex()])) };
}

const first = { xid: 7, secs: 0 };

describe('what is sent is what firmware sends', () => {
  test('UEFI: the options of OVMF', () => {
    assert.deepEqual(essence(discover(client('uefi'), first)), essence(golden('full.ovmf-pxe.discover')));
  });

  for (const [arch, capture] of [
    ['bios', 'full.undionly-ipxe.discover'],
    ['uefi-x64', 'full.snponly-ipxe.discover'],
  ] as const) {
    test(`iPXE on ${arch}: the options of ${capture}, and its features`, () => {
      const ours = discover(client('ipxe', arch), first);
      const theirs = golden(capture);
      assert.deepEqual(essence(ours), essence(theirs));
      const numbers = ({ options }: Packet): Set<number> =>
        new Set(
          (options.get(OPTION.IPXE) ?? new Uint8Array())
            .toHex()
            .match(/../g)
            ?.map((pair) => Number.parseInt(pair, 16)) ?? [],
        );
      // Sub-option 177 names the capture's NIC.
      for (const number of [...numbers(ours)]) assert.ok(numbers(theirs).has(number), `${number}`);
    });
  }

  test('HTTP Boot calls itself so', () => {
    assert.equal(vendorClass(client('http')), 'HTTPClient:Arch:00016:UNDI:003000');
    assert.equal(vendorClass(client('http', 'uefi-arm64')), 'HTTPClient:Arch:00019:UNDI:003000');
  });

  test('a ROM calls itself so', () => {
    assert.equal(vendorClass(client('bios')), 'PXEClient:Arch:00000:UNDI:002001');
  });
});

test('every one asks for broadcasts, from no address', () => {
  for (const kind of ['bios', 'uefi', 'http', 'ipxe'] as const) {
    const packet = discover(client(kind), first);
    assert.equal(messageType(packet), 'DISCOVER');
    assert.equal(packet.flags & FLAG_BROADCAST, FLAG_BROADCAST);
    assert.equal(packet.ciaddr, 0);
    assert.deepEqual(encodePacket(packet).dropped, []);
  }
});

test('port 4011 is asked from our own address, without asking for a lease', () => {
  const packet = bootServerRequest(client('uefi'), first, ip('10.77.0.9'), undefined);
  assert.equal(messageType(packet), 'REQUEST');
  assert.equal(packet.ciaddr, ip('10.77.0.9'));
  assert.equal(packet.options.has(OPTION.REQUESTED_ADDRESS), false);
  assert.equal(packet.options.has(OPTION.SERVER_ID), false);
  assert.equal(packet.options.has(OPTION.VENDOR_OPTIONS), false);
  assert.deepEqual(essence(packet)[OPTION.CLIENT_ARCH], '0007');
});

test("a menu's choice is told in option 43, sub-option 71", () => {
  const { options } = bootServerRequest(client('bios'), first, ip('10.77.0.9'), 0x8001);
  assert.equal(options.get(OPTION.VENDOR_OPTIONS)?.toHex(), '470480010000ff');
});

describe('what goes together', () => {
  const wrong: readonly (readonly [Parameters<typeof clientOf>[0], string | number])[] = [
    ['bios', 'uefi-x64'],
    ['uefi', 'bios'],
    ['uefi', 'uefi-x64-http'],
    ['http', 'pc98'],
    ['http', 7],
    ['ipxe', 16],
    ['uefi', 999],
  ];
  for (const [kind, arch] of wrong) {
    test(`${kind} is not ${arch}`, () =>
      assert.ok('fault' in clientOf(kind, arch, { mac: '02:00:00:00:00:01' })));
  }
  test('UEFI by number keeps the number', () => {
    const nine = clientOf('uefi', 9, { mac: '02:00:00:00:00:01' });
    assert.ok(!('fault' in nine));
    assert.equal(nine.archCode, 9);
  });
});
