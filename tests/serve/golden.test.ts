/**
 * What firmware once sent (tests/golden), sent again: we still answer it as we did when it booted, byte for byte. `UPDATE_GOLDEN=1`
 * writes the answers anew; boot that firmware once more before such a change is believed.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { KNOWN_QUIRKS } from '../../src/boot/known-quirks.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { World } from '../../src/decide/decision.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import { createBootHistory } from '../../src/serve/boot-history.ts';
import { createClients } from '../../src/serve/clients.ts';
import { createDhcpService } from '../../src/serve/dhcp.ts';
import { loadFor } from '../../src/serve/inventory.ts';
import { createClientLimit } from '../../src/serve/limits.ts';
import { fromHex } from '../dhcp/hex.ts';
import { ANY_FILE, MENU, UNDIONLY } from '../golden/profiles.ts';
import { hexLines } from '../lab/conversations.ts';
import { REMOTE_DHCP } from '../lab/remote-link.ts';
import { sceneSetup } from '../lab/scene.ts';
import { makeScratch } from '../lab/scratch.ts';
import { ip } from '../leases/rules.ts';
import { createHandClock } from './hand-clock.ts';
import { scriptedStore } from './stores.ts';
import { createWire, NIC } from './wire.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const update = process.env['UPDATE_GOLDEN'] === '1';

const PROFILES: Readonly<Record<string, string>> = {
  'undionly-ipxe': UNDIONLY,
  'aavmf-pxe': ANY_FILE,
  'ovmf-menu': MENU,
};

/** The questions of a boot in their order, each with the name of its answer. */
const CONVERSATION = [
  ['discover', 'offer', 67],
  ['request', 'ack', 67],
  ['4011-request', '4011-ack', 4011],
  ['item-request', 'item-ack', 4011],
] as const;

const NOW = Date.UTC(2026, 0, 1);

/** The scene's server, on a wire of arrays. */
async function serve(mode: string, program: string) {
  const scratch = makeScratch('golden');
  try {
    const { config: usual, texts = {} } = sceneSetup(mode === 'proxy' ? 'proxy' : 'full', {
      kernel: '',
      initrd: '',
    });
    const dhcp = { ...(mode === 'relay' ? REMOTE_DHCP : (usual['dhcp'] as object)), conflictCheck: 'off' };
    const profile = PROFILES[program];
    const all = { ...texts, ...(profile === undefined ? {} : { 'profiles/linux.yaml': profile }) };
    for (const [path, text] of Object.entries({ ...all, 'pilotlight.yaml': stringify({ ...usual, dhcp }) })) {
      mkdirSync(join(scratch.path, path, '..'), { recursive: true });
      writeFileSync(join(scratch.path, path), text);
    }
    const loaded = await loadConfig('pilotlight.yaml', scratch.path);
    assert.ok(loaded.config !== undefined, JSON.stringify(loaded.diagnostics));
    const { config } = loaded;
    const where = { nic: NIC.name, localAddress: ip('10.77.0.1') };
    const { inventory, diagnostics } = await loadFor(config, where, 1);
    assert.ok(inventory !== undefined, JSON.stringify(diagnostics));

    const wire = createWire();
    wire.arriveAt(where.localAddress);
    const table = createLeaseTable(config.dhcp.subnets.flatMap(({ pools }) => pools));
    const world: World = {
      policy: config.dhcp,
      inventory,
      leases: table,
      limits: config.limits,
      serverAddress: undefined,
      httpPort: config.http.port,
      quirks: KNOWN_QUIRKS,
      now: NOW,
    };
    createDhcpService({
      network: wire.network,
      nic: () => NIC,
      ports: [67, 4011],
      table,
      store: scriptedStore(),
      clients: createClients(),
      history: createBootHistory(undefined),
      clock: createHandClock(NOW),
      limit: createClientLimit(() => 10),
      journal: { write: () => {} },
      world: () => world,
    });
    return wire;
  } finally {
    scratch.remove();
  }
}

/** What lets the store's promise take its effect. */
const settle = () => new Promise<void>((done) => setImmediate(done));

const hexOf = (name: string): string | undefined => {
  const file = join(GOLDEN, `${name}.hex`);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
};

for (const file of readdirSync(GOLDEN).filter((name) => name.endsWith('.discover.hex'))) {
  const [mode = '', program = ''] = file.split('.');
  test(`${mode}: ${program}`, async () => {
    const wire = await serve(mode, program);
    for (const [question, answer, port] of CONVERSATION) {
      const asked = hexOf(`${mode}.${program}.${question}`);
      const answered = hexOf(`${mode}.${program}.${answer}`);
      if (asked === undefined) continue;
      const before = wire.sent.length;
      wire.deliver(port, fromHex(asked));
      await settle();
      const said = wire.sent.slice(before).map(({ head }) => hexLines(head));
      if (update && answered !== undefined)
        writeFileSync(join(GOLDEN, `${mode}.${program}.${answer}.hex`), said[0] ?? '');
      else assert.deepEqual(said, answered === undefined ? said : [answered], answer);
    }
  });
}
