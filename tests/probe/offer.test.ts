/** How answers are read: those of real servers, those of others, and damaged ones. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { encodePacket } from '../../src/dhcp/encode.ts';
import { type Offer, readOffer } from '../../src/probe/offer.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { fromHex } from '../dhcp/hex.ts';
import { options, packet } from '../dhcp/packets.ts';
import { ip } from './rig.ts';

const SOURCE = ip('10.77.0.2');
const MAC = '52:54:00:aa:00:01';

function golden(name: string): Uint8Array {
  return fromHex(readFileSync(join(import.meta.dirname, `../golden/${name}.hex`), 'utf8'));
}

function read(bytes: Uint8Array, xid: number, mac = MAC) {
  return readOffer({ bytes, source: SOURCE, afterMs: 5 }, xid, mac);
}

function offerIn(bytes: Uint8Array, xid: number): Offer {
  const reading = read(bytes, xid);
  assert.ok('offer' in reading, JSON.stringify(reading));
  return reading.offer;
}

describe('answers of real servers', () => {
  test('a full offer', () => {
    const offer = offerIn(golden('full.ovmf-pxe.offer'), 0x89afe4f5);
    assert.deepEqual(
      [
        offer.type,
        offer.server,
        offer.address,
        offer.leaseTime,
        offer.bootFile,
        offer.nextServer,
        offer.namedServer,
      ],
      ['OFFER', ip('10.77.0.1'), ip('10.77.0.50'), 3600, 'snponly.efi', ip('10.77.0.1'), ip('10.77.0.1')],
    );
    assert.deepEqual(offer.subnet, { network: ip('10.77.0.0'), prefix: 24 });
    assert.deepEqual(offer.routers.map(formatIpv4), ['10.77.0.1']);
  });

  test("a proxy's", () => {
    const offer = offerIn(golden('proxy.ovmf-pxe.offer'), 0x1e28ccbd);
    assert.deepEqual(
      [offer.address, offer.vendorClass, offer.subnet, offer.pxe],
      [undefined, 'PXEClient', undefined, undefined],
    );
  });

  test('that iPXE need not wait for a proxy', () => {
    assert.equal(offerIn(golden('full.undionly-ipxe.offer'), 0x164d0b4f).noProxy, true);
  });
});

describe('what is not for us', () => {
  const bytes = golden('full.ovmf-pxe.offer');
  test('another exchange', () => assert.ok('foreign' in read(bytes, 1)));
  test('another machine', () => assert.ok('foreign' in read(bytes, 0x89afe4f5, '52:54:00:aa:00:02')));
  test('a request', () => assert.ok('foreign' in read(golden('full.ovmf-pxe.discover'), 0x89afe4f5)));
  test('nonsense', () => assert.ok('foreign' in read(Uint8Array.of(2, 1, 6), 1)));
  test('a damaged answer to somebody else', () => assert.ok('foreign' in read(bytes.subarray(0, 245), 1)));
});

test('a damaged answer to us is told', () => {
  const reading = read(golden('full.ovmf-pxe.offer').subarray(0, 245), 0x89afe4f5);
  assert.deepEqual(reading, { malformed: 'option 54 of 4 bytes runs past the end' });
});

test('what is missing is undefined, and what is odd is left out', () => {
  const bare = packet({
    op: 2,
    yiaddr: ip('10.77.0.50'),
    options: options({ 1: 'ff00ff00', 3: '0a4d', 51: '01' }),
  });
  const offer = offerIn(encodePacket(bare).bytes, 0x12345678);
  assert.deepEqual(
    [
      offer.type,
      offer.server,
      offer.subnet,
      offer.routers,
      offer.leaseTime,
      offer.bootFile,
      offer.nextServer,
    ],
    [undefined, SOURCE, undefined, [], undefined, undefined, undefined],
  );
});
