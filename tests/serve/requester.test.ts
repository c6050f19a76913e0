import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequesters } from '../../src/serve/requester.ts';

const NAME = 'pxelinux.cfg/01-52-54-00-00-00-09';
const NAMED = '52:54:00:00:00:09';
const SEEN = '52:54:00:00:00:01';
const LEASED = '52:54:00:00:00:02';
const NEAR = '52:54:00:00:00:03';

const cases: readonly {
  readonly name: string;
  readonly seen?: string;
  readonly leased?: string;
  readonly near?: string;
  readonly path: string;
  readonly mac: string | undefined;
}[] = [
  { name: 'a client seen lately', seen: SEEN, leased: LEASED, near: NEAR, path: NAME, mac: SEEN },
  { name: 'a lease, whatever the path says', leased: LEASED, near: NEAR, path: NAME, mac: LEASED },
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
      serverAddress: () => undefined,
    });
    assert.deepEqual(requester(7, path, 1), { address: 7, mac, serverAddress: 1 });
  });
}

const unasked = (): never => assert.fail('there is no address to ask about');

test('an address that is no IPv4 address leaves the path; the configured server address comes first', () => {
  const requester = createRequesters({
    seen: unasked,
    leased: unasked,
    neighbour: unasked,
    serverAddress: () => 2,
  });
  assert.deepEqual(requester(undefined, NAME, 1), { address: undefined, mac: NAMED, serverAddress: 2 });
});
