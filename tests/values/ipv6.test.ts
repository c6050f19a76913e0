import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHost, formatIp, parseIp } from '../../src/values/ip.ts';
import { parseIpv4 } from '../../src/values/ipv4.ts';
import {
  formatIpv6,
  type Ipv6,
  ipv6At,
  ipv6Bytes,
  ipv6FromBytes,
  isMulticast,
  macInIpv6,
  parseIpv6,
  setIpv6,
  UNSPECIFIED_IPV6,
} from '../../src/values/ipv6.ts';

const ip = (text: string): Ipv6 => parseIpv6(text) ?? assert.fail(text);
const anyBytes = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('an address is the same by its bytes, by its text, and in a structure', () => {
  fc.assert(
    fc.property(anyBytes, fc.nat({ max: 9 }), (bytes, at) => {
      const address = ipv6FromBytes(bytes);
      assert.deepEqual(ipv6Bytes(address), bytes);
      assert.equal(ip(formatIpv6(address)), address);
      const view = new DataView(new ArrayBuffer(26));
      setIpv6(view, at, address);
      assert.equal(ipv6At(view, at), address);
      assert.deepEqual(new Uint8Array(view.buffer, at, 16), bytes);
    }),
  );
});

test('text is written as RFC 5952 has it, and read in every writing, but not with a zone', () => {
  assert.equal(formatIpv6(ip('2001:0DB8:0:0:1:0:0:1')), '2001:db8::1:0:0:1');
  assert.equal(ip('0:0:0:0:0:0:0:0'), UNSPECIFIED_IPV6);
  for (const text of ['fe80::1%eth0', 'fe80::1%2', '10.0.0.1', 'fd00::1/64', '[fd00::1]', '']) {
    assert.equal(parseIpv6(text), undefined, text);
  }
});

test('either version', () => {
  const cases = [
    ['10.0.0.1', '10.0.0.1'],
    ['fd00::1', '[fd00::1]'],
  ] as const;
  for (const [text, host] of cases) {
    const address = parseIp(text) ?? assert.fail(text);
    assert.deepEqual([formatIp(address), formatHost(address)], [text, host]);
  }
  assert.equal(parseIp('10.0.0.1'), parseIpv4('10.0.0.1'));
  assert.equal(parseIp('host.example'), undefined);
});

test('multicasts are ff00::/8', () => {
  assert.deepEqual(
    ['ff02::1', 'ffff::', 'fe80::1', '::ff'].map((text) => isMulticast(ip(text))),
    [true, true, false, false],
  );
});

test('the MAC is read from an address that is made of it, and from no other', () => {
  // As OVMF, iPXE and Linux make them of 52:54:00:aa:00:01.
  for (const address of ['fe80::5054:ff:feaa:1', '2001:db8:0:7:5054:ff:feaa:1'])
    assert.equal(macInIpv6(ip(address)), '52:54:00:aa:00:01');
  // A locally administered address, of which the bit is turned round: 02:… and 00:….
  assert.equal(macInIpv6(ip('fe80::ff:fe00:1')), '02:00:00:00:00:01');
  assert.equal(macInIpv6(ip('fe80::200:ff:fe00:1')), '00:00:00:00:00:01');
  for (const address of ['fd00::1', 'fe80::', 'fe80::5054:fe:ffaa:1', '::fffe:0:0:0:0'])
    assert.equal(macInIpv6(ip(address)), undefined, address);
});
