/** The conformance table, played against the server as an operator starts it. Needs root. */
import { after, before, describe } from 'node:test';
import { ADDRESSES } from './rows/addresses.ts';
import { BOOTP } from './rows/bootp.ts';
import { DESTINATIONS } from './rows/destinations.ts';
import { ENDINGS } from './rows/endings.ts';
import { MALFORMED } from './rows/malformed.ts';
import { MESSAGES } from './rows/messages.ts';
import { OPTIONS } from './rows/options.ts';
import { RELAYS } from './rows/relays.ts';
import { REQUESTS } from './rows/requests.ts';
import { SILENT } from './rows/silent.ts';
import { openScene, type Scene } from './scene.ts';
import { site } from './site.ts';
import { playRows } from './table.ts';

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
  describe('options', () => playRows(OPTIONS, sceneOf));
  describe('relays', () => playRows(RELAYS, sceneOf));
  describe('BOOTP', () => playRows(BOOTP, sceneOf));
  describe('malformed messages', () => playRows(MALFORMED, sceneOf));
});

describe('a server that is not authoritative', () => {
  let scene: Scene;
  before(async () => {
    scene = await openScene(site({ authoritative: false }));
  });
  after(() => scene?.close());

  playRows(SILENT, () => scene);
});
