/** `pilotlight serve` as an operator meets it: what it says of itself, and why it does not start. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Namespace } from '../lab/netns.ts';
import { openRack, type Rack } from '../lab/rack.ts';
import { makeScratch, type Scratch } from '../lab/scratch.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');
const FULL = `interfaces: [eth0]
dhcp: { mode: full, subnets: [{ subnet: 10.77.0.0/24, pools: [10.77.0.50-10.77.0.60] }] }
`;

describe('serve', () => {
  let rack: Rack;
  let scratch: Scratch;
  before(() => {
    rack = openRack();
  });
  after(() => rack.close());
  beforeEach(() => {
    scratch = makeScratch('start');
  });
  afterEach(() => scratch.remove());

  const configure = (text: string): void => writeFileSync(join(scratch.path, 'pilotlight.yaml'), text);

  /** Starts it in a namespace, for one that does not come up; what it says on stderr. */
  function refusal(inside: Namespace, ...under: string[]): string {
    const command = ['netns', 'exec', inside.name, ...under, LAUNCHER, 'serve'];
    const done = spawnSync('ip', command, { cwd: scratch.path, encoding: 'utf8', timeout: 30_000 });
    assert.equal(done.status, 1, done.stdout + done.stderr);
    assert.doesNotMatch(done.stderr, /\n {4}at /);
    return done.stderr;
  }

  /** Another program that holds a port in the server's namespace; resolves when it does. */
  async function holder(kind: 'udp' | 'tcp', port: number): Promise<ChildProcess> {
    const script =
      kind === 'udp'
        ? `require('dgram').createSocket('udp4').bind(${port}, () => console.log('held'))`
        : `require('net').createServer().listen(${port}, '0.0.0.0', () => console.log('held'))`;
    const child = rack.server.spawn(process.execPath, ['-e', `process.title = 'squatter'; ${script}`]);
    assert.ok(child.stdout !== null);
    await once(child.stdout, 'data');
    return child;
  }

  for (const [kind, port] of [
    ['udp', 67],
    ['udp', 69],
    ['udp', 4011],
    ['tcp', 8080],
  ] as const) {
    test(`does not start where another program has ${kind} port ${port}, and names both`, async (context) => {
      configure(port === 67 ? FULL : '');
      const squatter = await holder(kind, port);
      context.after(async () => {
        const gone = once(squatter, 'exit');
        squatter.kill('SIGKILL');
        await gone;
      });
      const said = refusal(rack.server);
      assert.match(
        said,
        new RegExp(
          `^pilotlight: not started: ${kind.toUpperCase()} port ${port} on \\S+ is taken by squatter \\(pid \\d+\\)\\n {4}hint: Stop `,
        ),
      );
    });
  }

  test('does not start on a NIC that is not there, and names those that are', () => {
    configure('interfaces: [eth0, eth7]\n');
    assert.equal(
      refusal(rack.server),
      'pilotlight: not started: interface eth7 does not exist\n    hint: The NICs here are: lo, eth0.\n',
    );
  });

  test('does not start where no NIC is up, and says how to set one up', () => {
    const said = refusal(rack.lab.namespace('bare'));
    assert.match(
      said,
      /^pilotlight: not started: no interface is up and has an (IPv4 )?address\n {4}hint: .*ip addr add/,
    );
  });

  test('without the right to bind low ports, names the capability', () => {
    configure('interfaces: [eth0]\n');
    const said = refusal(rack.server, 'setpriv', '--bounding-set=-net_bind_service');
    assert.match(
      said,
      /not started: may not bind UDP port (67|69) on eth0 .*\n {4}hint: .*CAP_NET_BIND_SERVICE/,
    );
  });

  test('with a state directory that is a file, names it', () => {
    configure(`${FULL}state: leases\n`);
    writeFileSync(join(scratch.path, 'leases'), '');
    assert.match(refusal(rack.server), /not started: cannot write to the state directory \S+\/leases: /);
  });

  test('with broken profiles, tells each fault with its place', () => {
    mkdirSync(join(scratch.path, 'profiles'));
    writeFileSync(join(scratch.path, 'profiles/a.yaml'), 'name: a\nboot: { lokal: true }\n');
    const said = refusal(rack.server);
    assert.match(
      said,
      /profiles\/a\.yaml:2:9: error UNKNOWN_KEY .*lokal.*\n {4}hint: nearest known: local\n/,
    );
    assert.match(said, /pilotlight: not started, since profiles or machines are broken\n$/);
  });

  test('on a terminal, says what it listens on, what it loaded, and what to do next', async () => {
    mkdirSync(join(scratch.path, 'profiles'));
    writeFileSync(join(scratch.path, 'profiles/a.yaml'), 'name: rack-profile\nboot: { local: true }\n');
    // script(1) gives a terminal, and hands SIGTERM on.
    const child = rack.server.spawn('script', ['--quiet', '--command', `${LAUNCHER} serve`, '/dev/null'], {
      cwd: scratch.path,
    });
    let said = '';
    const exit = once(child, 'exit');
    for await (const chunk of child.stdout ?? []) {
      said += String(chunk);
      if (said.includes('ready')) break;
    }
    child.kill('SIGTERM');
    await exit;
    const plain = said.replaceAll('\r', '');
    assert.match(
      plain,
      /^Pilotlight boots machines beside the network's own DHCP server, and gives no addresses\.$/m,
    );
    assert.match(plain, /^ {2}eth0 +10\.77\.0\.1\/24\b/m);
    assert.match(plain, /^ {2}ports +dhcp 67, pxe 4011, tftp 69, http 8080$/m);
    assert.match(plain, /^ {2}profiles +rack-profile \(/m);
    assert.match(plain, /^Next: /m);
    assert.match(plain, /^ +http:\/\/10\.77\.0\.1:8080\/v1\/status /m);
  });
});
