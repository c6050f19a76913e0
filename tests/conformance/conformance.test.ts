/** The conformance table, played against the server as an operator starts it. Needs root. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SERVER } from './client.ts';
import { ADDRESSES } from './rows/addresses.ts';
import { BOOTP } from './rows/bootp.ts';
import { CONFLICTS } from './rows/conflicts.ts';
import { DESTINATIONS } from './rows/destinations.ts';
import { ENDINGS } from './rows/endings.ts';
import { FAULTS, MALFORMED } from './rows/malformed.ts';
import { MESSAGES } from './rows/messages.ts';
import { OPTIONS } from './rows/options.ts';
import { NOT_OVERLOADED, OVERLOADED } from './rows/overload.ts';
import { RELAYS } from './rows/relays.ts';
import { REQUESTS } from './rows/requests.ts';
import { SILENT } from './rows/silent.ts';
import { openScene, type Scene } from './scene.ts';
import { site } from './site.ts';
import { playRows } from './table.ts';

/** Datagrams on port 67 that were no message, by what was wrong with them. */
async function malformedCounts({ host }: Scene): Promise<ReadonlyMap<string, number>> {
  const metrics = await host.run('curl', '-s', `http://${SERVER}:8080/metrics`);
  const lines = metrics.matchAll(/^pilotlight_dhcp_malformed_total\{port="67",code="(\w+)"\} (\d+)$/gm);
  return new Map(Array.from(lines, ([, code = '', count]) => [code, Number(count)]));
}

describe('an authoritative server', () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene(site({}));
  });
  after(() => scene?.close());
  const sceneOf = (): Scene => scene;

  describe('addresses', () => playRows(ADDRESSES, sceneOf));
  describe('requests', () => playRows(REQUESTS, sceneOf));
  describe('decline, release, inform', () => playRows(ENDINGS, sceneOf));
  describe('where replies go', () => playRows(DESTINATIONS, sceneOf));
  describe('messages', () => playRows(MESSAGES, sceneOf));
  describe('options', () => playRows([...OPTIONS, ...NOT_OVERLOADED], sceneOf));
  describe('relays', () => playRows(RELAYS, sceneOf));
  describe('BOOTP', () => playRows(BOOTP, sceneOf));
  describe('malformed messages', () => {
    let earlier: ReadonlyMap<string, number>;
    before(async () => {
      earlier = await malformedCounts(scene);
    });
    playRows(MALFORMED, sceneOf);

    test('each has cost one count, by its kind', async () => {
      const counts = await malformedCounts(scene);
      for (const [code, faults = []] of Object.entries(Object.groupBy(FAULTS, ({ counts }) => counts))) {
        assert.equal((counts.get(code) ?? 0) - (earlier.get(code) ?? 0), faults.length, code);
      }
    });
  });
});

describe('a server that is not authoritative and overloads', () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene(site({ authoritative: false, overload: true }));
  });
  after(() => scene?.close());
  const sceneOf = (): Scene => scene;

  describe('silence', () => playRows(SILENT, sceneOf));
  describe('overload', () => playRows(OVERLOADED, sceneOf));
});

describe('a server that probes addresses', () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene(site({ conflictCheck: 'arp' }));
  });
  after(() => scene?.close());

  describe('conflicts', () => playRows(CONFLICTS, () => scene));
});
