/** The commands as an operator types them, through bin/pilotlight, from a folder of their own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openSqliteStore } from '../../src/leases/sqlite.ts';
import { binding } from '../leases/rules.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../bin/pilotlight');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pilotlight-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** The PATH holds no Node, so that only the pinned one can be at work. */
function run(...args: string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(LAUNCHER, args, { cwd: folder, encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const PROFILE = `name: debian
match: { mac: "52:54:00:*" }
boot:
  kernel: http://mirror/vmlinuz
  cmdline: hostname={{ machine.name }}
tests:
  - given: { mac: 52:54:00:aa:00:01, arch: uefi-x64 }
    expect: { bootFile: snponly.efi }
`;

describe('check', () => {
  test('the defaults of an empty folder are right', () => {
    const { code, out } = run('check');
    assert.deepEqual([code, out], [0, 'ok: the defaults, 0 profiles, 0 machines, 0 profile tests\n']);
  });

  test('every fault of every file at once, with file, line and column, and exit code 1', () => {
    write('pilotlight.yaml', 'interfaces: [eth1]\ntftp:\n  rot: x\n');
    const { code, out } = run('check');
    assert.equal(code, 1);
    assert.match(out, /^pilotlight\.yaml:3:3: error UNKNOWN_KEY .*rot/m);
    assert.match(out, /hint: .*root/);
  });

  test('a failing profile test is an error at its place', () => {
    write('profiles/debian.yaml', PROFILE.replace('bootFile: snponly.efi', 'bootFile: other.efi'));
    const { code, out } = run('check');
    assert.equal(code, 1);
    assert.match(
      out,
      /profiles\/debian\.yaml:7:5: error PROFILE_TEST_FAILED expected bootFile other\.efi, got snponly\.efi/,
    );
  });

  test('a right profile', () => {
    write('profiles/debian.yaml', PROFILE);
    assert.deepEqual(run('check').out, 'ok: the defaults, 1 profile, 0 machines, 1 profile test\n');
  });

  test('NICs and directories that this host lacks are warned of', () => {
    mkdirSync(join(folder, 'there'));
    write(
      'pilotlight.yaml',
      'interfaces: [lo, eth77]\ntftp: { root: there, search: [more] }\nprofiles: profils\n',
    );
    const { code, out } = run('check');
    assert.equal(code, 0);
    assert.match(
      out,
      /^pilotlight\.yaml:1:18: warning NO_SUCH_NIC there is no NIC eth77 here\n {4}hint: .*\blo\b/m,
    );
    assert.match(out, /^pilotlight\.yaml:2:31: warning FILE_MISSING .*\/more is not there/m);
    assert.match(out, /^pilotlight\.yaml:3:11: warning FILE_MISSING .*\/profils is not there/m);
    assert.equal(out.match(/: warning /g)?.length, 3);
  });

  test('a configuration that is not there', () => {
    const { code, out } = run('check', '-c', 'nowhere.yaml');
    assert.equal(code, 1);
    assert.match(out, /^nowhere\.yaml:1:1: error UNREADABLE /);
  });
});

describe('explain', () => {
  test('--json has the keys of the contract', () => {
    write('profiles/debian.yaml', PROFILE);
    write('profiles/other.yaml', 'name: other\nmatch: { arch: uefi-arm64 }\nboot: { local: true }\n');
    write('machines/rack.yaml', 'mac: 52:54:00:aa:00:01\nname: node1\n');
    const { code, out } = run('explain', '--mac', '52-54-00-AA-00-01', '--ipxe', '--json');
    assert.equal(code, 0);
    const told = JSON.parse(out);
    assert.equal(told.profile, 'debian');
    assert.deepEqual(told.reasons, [
      { profile: 'debian', matched: true, reason: 'mac 52:54:00:aa:00:01' },
      { profile: 'other', matched: false, reason: 'arch bios is not uefi-arm64' },
    ]);
    assert.match(told.reply.bootFile, /^http:\/\/[\d.]+:8080\/ipxe\?mac=52:54:00:aa:00:01&arch=bios$/);
    assert.match(told.reply.nextServer, /^[\d.]+$/);
    assert.equal(told.reply.options['vendor-class-identifier'], 'PXEClient');
    assert.match(told.reply.script, /^kernel http:\/\/mirror\/vmlinuz hostname=node1 \|\|/m);
  });

  test('every flag reaches the decision', () => {
    write(
      'profiles/p.yaml',
      `name: p
match: { uuid: 4c4c4544-0042-3510-8052-b7c04f384a32, vendorClass: "PXEClient:X*", userClass: lab, relay: { circuitId: "rack12/*" }, subnet: 10.9.0.0/16 }
boot: { file: { bios: x.0 } }
`,
    );
    const flags = [
      '--mac',
      '52:54:00:aa:00:01',
      '--arch',
      '0',
      '--uuid',
      '4C4C4544-0042-3510-8052-B7C04F384A32',
      '--vendor-class',
      'PXEClient:X1',
      '--user-class',
      'lab',
      '--giaddr',
      '10.9.0.1',
      '--circuit-id',
      'rack12/7',
    ];
    assert.equal(JSON.parse(run('explain', ...flags, '--json').out).reply.bootFile, 'x.0');
    for (const flag of ['--uuid', '--vendor-class', '--user-class', '--giaddr', '--circuit-id']) {
      const at = flags.indexOf(flag);
      const fewer = flags.toSpliced(at, 2);
      assert.equal(JSON.parse(run('explain', ...fewer, '--json').out).profile, null, `without ${flag}`);
    }
  });

  test('for people: rule by rule', () => {
    write('profiles/debian.yaml', PROFILE);
    const { out } = run('explain', '--mac', 'aa:aa:aa:aa:aa:aa');
    assert.match(out, /- debian: mac aa:aa:aa:aa:aa:aa is not 52:54:00:\*/);
    assert.match(out, /^decision {2}no profile matches$/m);
  });

  test('bad flags say what is wanted', () => {
    assert.match(run('explain', '--mac', 'x').err, /A MAC address is wanted/);
    assert.match(
      run('explain', '--mac', '52:54:00:aa:00:01', '--arch', 'uefi_x64').err,
      /Nearest known: uefi-x64/,
    );
    assert.match(run('explain', '--mac', '52:54:00:aa:00:01', '--arch', '70000').err, /No such architecture/);
    assert.notEqual(run('explain').code, 0);
  });
});

describe('leases', () => {
  test('none, and no file made', () => {
    assert.equal(run('leases').out, 'no leases\n');
    assert.deepEqual(JSON.parse(run('leases', '--json').out), []);
  });

  test('from the state of a server that is down', async () => {
    const store = openSqliteStore(join(folder, 'state'));
    await store.commit([
      binding('10.0.0.10', 'a', { clientId: '0152', hostname: 'node1', expiresAt: Date.UTC(2099, 0) }),
      binding('10.0.0.9', 'b', { expiresAt: Date.UTC(2001, 0) }),
    ]);
    await store.close();
    assert.deepEqual(JSON.parse(run('leases', '--json').out), [
      {
        ip: '10.0.0.9',
        mac: '52:54:00:00:00:01',
        clientId: null,
        hostname: null,
        state: 'expired',
        expiresAt: '2001-01-01T00:00:00.000Z',
      },
      {
        ip: '10.0.0.10',
        mac: '52:54:00:00:00:01',
        clientId: '0152',
        hostname: 'node1',
        state: 'bound',
        expiresAt: '2099-01-01T00:00:00.000Z',
      },
    ]);
    assert.match(run('leases').out, /^10\.0\.0\.10 {2}52:54:00:00:00:01 {2}bound/m);
  });

  test('a damaged state is told, without a stack', () => {
    write('state/leases.db', 'nothing of the kind '.repeat(100));
    const { code, err } = run('leases');
    assert.equal(code, 1);
    assert.match(err, /^pilotlight: cannot read the leases in .*: file is not a database\n {4}hint: /);
    assert.doesNotMatch(err, /\n {4}at /);
  });
});

test('the launcher works through a symbolic link, from any folder', () => {
  symlinkSync(LAUNCHER, join(folder, 'pl'));
  const done = spawnSync(join(folder, 'pl'), ['--version'], { cwd: '/', encoding: 'utf8' });
  assert.match(done.stdout, /^\d+\.\d+\.\d+\n$/);
});

test('an unknown command is told, with where to look', () => {
  const { code, err } = run('sevre');
  assert.notEqual(code, 0);
  assert.match(err, /unknown command 'sevre'/);
  assert.match(err, /serve/);
});

test('an output that finds no room is told in a line', () => {
  const full = openSync('/dev/full', 'w');
  try {
    const done = spawnSync(LAUNCHER, ['check'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
    });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /^pilotlight: cannot write to stdout: ENOSPC: [^\n]*\n$/);
  } finally {
    closeSync(full);
  }
});
