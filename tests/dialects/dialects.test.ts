import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Arch } from '../../src/boot/arch.ts';
import { commented } from '../../src/dialects/comment.ts';
import { DIALECTS } from '../../src/dialects/dialects.ts';
import { type PointerSource, pointersFor } from '../../src/dialects/pointers.ts';
import type { Machine, Profile } from '../../src/profiles/model.ts';
import { profile, world } from '../decide/world.ts';
import { ip } from '../leases/rules.ts';

const SERVER = { address: ip('10.11.11.1'), httpPort: 8080 };
const FILES = ['undionly.kpxe', 'snponly.efi', 'snponly-arm64.efi'];

function source(
  profiles: readonly Profile[],
  more: Partial<PointerSource> & { readonly machines?: readonly Machine[] } = {},
): PointerSource {
  return {
    server: SERVER,
    subnet: { network: ip('10.11.11.0'), prefix: 24 },
    mode: 'off',
    inventory: world('proxy', profiles, more.machines).inventory,
    has: (path) => FILES.includes(path),
    ...more,
  };
}

const told = (given: PointerSource): Record<string, string> =>
  Object.fromEntries(pointersFor(given).stages.map(({ arch, file }) => [arch, file]));

describe('what another server has to tell', () => {
  test('a first stage for each kind of firmware whose file is there', () => {
    assert.deepEqual(told(source([profile('p')])), {
      bios: 'undionly.kpxe',
      'uefi-x64': 'snponly.efi',
      'uefi-arm64': 'snponly-arm64.efi',
      'uefi-x64-http': 'http://10.11.11.1:8080/boot/snponly.efi',
      'bios-http': 'http://10.11.11.1:8080/boot/undionly.kpxe',
      'uefi-arm64-http': 'http://10.11.11.1:8080/boot/snponly-arm64.efi',
    });
    const { stages, scriptUrl } = pointersFor(source([profile('p')]));
    assert.deepEqual(stages.find(({ arch }) => arch === 'uefi-x64')?.codes, [7, 8, 9]);
    assert.equal(scriptUrl, 'http://10.11.11.1:8080/ipxe');
  });

  test('what a profile for everybody names comes before the built-in names', () => {
    const own = profile('p', {
      firmware: new Map<Arch, string>([['bios', 'http://mirror.example/ipxe.pxe']]),
    });
    assert.equal(told(source([own]))['bios'], 'http://mirror.example/ipxe.pxe');
  });

  test('machines that boot from their disks are told iPXE too: another server cannot tell them from the rest', () => {
    assert.equal(told(source([profile('p', { boot: { kind: 'local' } })]))['bios'], 'undionly.kpxe');
    assert.equal(told(source([]))['bios'], 'undionly.kpxe');
  });

  test('a file that is not there is told of, and left out unless every rack needs it', () => {
    const { stages, notes } = pointersFor(source([profile('p')], { has: () => false }));
    assert.deepEqual(
      stages.map(({ arch }) => arch),
      ['bios', 'uefi-x64'],
    );
    assert.match(notes.join('\n'), /^undionly\.kpxe is not below the TFTP roots: bios machines/m);
    assert.match(notes.join('\n'), /^Left out, .*uefi-arm64 \(snponly-arm64\.efi\)/m);
  });

  test('notes: the mode, other first stages, options of profiles and machines', () => {
    const special = profile('special', {
      match: { mac: ['52:54:00:*'] },
      boot: { kind: 'file', byArch: new Map([['bios', 'lpxelinux.0']]) },
      options: new Map([[17, Uint8Array.of(47)]]),
    });
    const notes = pointersFor(source([special, profile('rest')], { mode: 'proxy' })).notes.join('\n');
    assert.match(notes, /^pilotlight\.yaml says dhcp\.mode: proxy\. Make it off/m);
    assert.match(notes, /by hand for their machines: special \(bios: lpxelinux\.0\)\.$/m);
    assert.match(notes, /are not told by these lines: special\.$/m);
    assert.deepEqual(pointersFor(source([profile('rest')], { has: () => true })).notes, [
      'An iPXE built without HTTP cannot follow its URL, and these lines cannot tell it from others.',
    ]);
  });
});

describe('each dialect, word by word', () => {
  const special = profile('special', {
    match: { mac: ['52:54:00:*'] },
    boot: { kind: 'file', byArch: new Map([['bios', 'lpxelinux.0']]) },
  });
  for (const [name, dialect] of Object.entries(DIALECTS)) {
    test(name, () => {
      const golden = join(import.meta.dirname, 'golden', `${name}.txt`);
      const text = dialect.write(pointersFor(source([special, profile('rest')])));
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
      assert.equal(text, readFileSync(golden, 'utf8'));
    });
  }
});

test('a network that is not known is said to be an example', () => {
  const text = DIALECTS.windows.write(pointersFor(source([profile('p')], { subnet: undefined })));
  assert.match(text, /^# Check the scope in the first line: Pilotlight does not know it\.$/m);
});

test('comments keep to the width of a terminal, and every line of them is one', () => {
  const lines = commented('#', [`${'word '.repeat(60).trimEnd()}.`, 'Short.']);
  assert.ok(lines.every((line) => line.startsWith('# ') && line.length <= 102));
  assert.equal(lines.at(-1), '# Short.');
});
