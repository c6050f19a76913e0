import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequesters } from '../../src/serve/requester.ts';
import { type Ipv6, parseIpv6 } from '../../src/values/ipv6.ts';

const NAME = 'pxelinux.cfg/01-52-54-00-00-00-09';
const NAMED = '52:54:00:00:00:09';
const SEEN = '52:54:00:00:00:01';
const LEASED = '52:54:00:00:00:02';
const NEAR = '52:54:00:00:00:03';

const unasked = (): never => assert.fail('nobody is asked about such an address');

const cases: readonly {
  readonly name: string;
  readonly seen?: string;
  readonly leased?: string;
  readonly near?: string;
  readonly path: string;
  readonly mac: string | undefined;
}[] = [
  { name: 'whose lease runs', leased: LEASED, seen: SEEN, near: NEAR, path: NAME, mac: LEASED },
  { name: 'a client seen lately, whatever the path says', seen: SEEN, near: NEAR, path: NAME, mac: SEEN },
  { name: 'a neighbour, whatever the path says', near: NEAR, path: NAME, mac: NEAR },
  { name: 'the path where nothing else is known', path: NAME, mac: NAMED },
  { name: 'nobody', path: 'pxelinux.0', mac: undefined },
];
for (const { name, seen, leased, near, path, mac } of cases) {
  test(`who asks: ${name}`, () => {
    const requester = createRequesters({
      seen: () => seen,
      leased: () => leased,
      neighbour: () => near,
      neighbour6: unasked,
      serverAddress: () => undefined,
    });
    assert.deepEqual(requester(7, path, 1), { address: 7, mac, serverAddress: 1 });
  });
}

test('an address that is no IPv4 address leaves the path; the configured server address comes first', () => {
  const requester = createRequesters({
    seen: unasked,
    leased: unasked,
    neighbour: unasked,
    neighbour6: unasked,
    serverAddress: () => 2,
  });
  assert.deepEqual(requester(undefined, NAME, 1), { address: undefined, mac: NAMED, serverAddress: 2 });
});

const ip6 = (text: string): Ipv6 => parseIpv6(text) ?? assert.fail(text);

const cases6: Readonly<
  Record<
    string,
    { readonly near?: string; readonly from: string; readonly path: string; readonly mac: string | undefined }
  >
> = {
  'a neighbour, whatever address and path say': {
    near: NEAR,
    from: 'fe80::5054:ff:fe00:1',
    path: NAME,
    mac: NEAR,
  },
  'a link-local address made of the MAC': { from: 'fe80::5054:ff:fe00:1', path: NAME, mac: SEEN },
  'a global address made of the MAC, behind a router': {
    from: '2001:db8:5::5054:ff:fe00:1',
    path: 'x',
    mac: SEEN,
  },
  'the path where the address tells nothing': { from: 'fd00::17', path: NAME, mac: NAMED },
  nobody: { from: 'fd00::17', path: 'x', mac: undefined },
};
for (const [name, { near, from, path, mac }] of Object.entries(cases6)) {
  test(`who asks over IPv6: ${name}`, () => {
    const requester = createRequesters({
      seen: unasked,
      leased: unasked,
      neighbour: unasked,
      neighbour6: () => near,
      // It is an IPv4 address: whoever has asked over IPv6 may have no other.
      serverAddress: () => 2,
    });
    const serverAddress = ip6('fd00::1');
    assert.deepEqual(requester(ip6(from), path, serverAddress), { address: ip6(from), mac, serverAddress });
  });
}
