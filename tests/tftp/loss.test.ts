/**
 * Real clients over a network that loses a tenth of all datagrams in either direction, byte for byte. Lost requests are
 * theirs to repeat, everything else is ours to mend. Needs root, nft and the clients' packages.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Lab, type Namespace, openLab } from '../lab/netns.ts';
import { makeScratch } from '../lab/scratch.ts';
import { type Server, startServer } from '../lab/server.ts';
import { CLIENTS, type Client, fetchAndCompare, type Source } from './programs.ts';

const HOSTS = ['10.77.0.1', 'fd00:77::1'];
/** Few, since curl repeats a request after six seconds and asks the same patience of us. */
const SIZES = [513, 20_000];

let lab: Lab;
let server: Server;
let house: Namespace;
let clients: Namespace;
const inbox = makeScratch('loss');

/** Dropped on arrival, so that the sender is not told. */
function loseATenth(inside: Namespace): void {
  inside.runSync('nft', 'add', 'table', 'inet', 'loss');
  inside.runSync('nft', 'add chain inet loss input { type filter hook input priority 0; }');
  inside.runSync('nft', 'add rule inet loss input meta l4proto udp numgen random mod 100 < 10 counter drop');
}

before(async () => {
  lab = openLab();
  house = lab.namespace('srv');
  clients = lab.namespace('cli');
  lab.veth({ in: house, nic: 'eth1' }, { in: clients, nic: 'eth0' });
  lab.address(house, 'eth1', '10.77.0.1/24');
  lab.address(clients, 'eth0', '10.77.0.2/24');
  house.runSync('ip', 'address', 'add', 'fd00:77::1/64', 'dev', 'eth1', 'nodad');
  clients.runSync('ip', 'address', 'add', 'fd00:77::2/64', 'dev', 'eth0', 'nodad');
  const config = { interfaces: ['eth1'], dhcp: { mode: 'off' }, http: { port: 0 } };
  server = await startServer(house, { config });
  for (const size of SIZES) writeFileSync(join(server.folder, `tftpboot/${size}.bin`), randomBytes(size));
  for (const inside of [house, clients]) loseATenth(inside);
});

after(async () => {
  await server?.stop();
  await lab?.close();
  inbox.remove();
});

/**
 * How atftp and the npm client fail when their ACK of the options is lost: RFC 2347 leaves the server nothing but to
 * repeat the options, and they take that for an error. People run them again, and so does the test.
 */
const SECOND_OACK = /unexpected OACK|Illegal TFTP operation/;
const RUNS = 6;

async function fetchWithPatience(client: Client, from: Source, file: string): Promise<void> {
  for (let run = 1; ; run++) {
    try {
      return await fetchAndCompare(client, from, file, inbox.path, ['ip', 'netns', 'exec', clients.name]);
    } catch (error) {
      const known = error instanceof Error && SECOND_OACK.test(error.message);
      if (!known || run === RUNS) throw error;
    }
  }
}

test('a tenth is lost both ways', { concurrency: true }, async (each) => {
  const root = join(server.folder, 'tftpboot');
  const tests = HOSTS.flatMap((host) =>
    CLIENTS.map((client) => {
      const name = `${client.name}, from ${host}`;
      return each.test(name, async () => {
        const from = { host, port: 69, root };
        const fetched = SIZES.map((size) => fetchWithPatience({ ...client, name }, from, `${size}.bin`));
        await Promise.all(fetched);
      });
    }),
  );
  await Promise.all(tests);
  for (const inside of [house, clients]) {
    assert.match(inside.runSync('nft', 'list chain inet loss input'), /counter packets [1-9]/);
  }
});
