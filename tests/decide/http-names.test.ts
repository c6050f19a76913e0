import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Arch } from '../../src/boot/arch.ts';
import { namesHost } from '../../src/boot/plan.ts';
import { decide } from '../../src/decide/decide.ts';
import { imagine } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { ip } from '../leases/rules.ts';
import { profile, world } from './world.ts';

const URLS: readonly (readonly [url: string, named: boolean])[] = [
  ['http://mirror.rack.example/boot.efi', true],
  ['https://user@mirror:8443/boot.efi', true],
  ['HTTP://Mirror/boot.efi', true],
  ['http://10.11.11.1:8080/boot/snponly.efi', false],
  ['http://user:secret@10.11.11.1/boot.efi', false],
  ['http://[fe80::1]/boot.efi', false],
  ['snponly.efi', false],
  ['pxe/1.2.3.4/file', false],
];

for (const [url, named] of URLS)
  test(`${url} ${named ? 'needs' : 'needs no'} name server`, () => assert.equal(namesHost(url), named));

describe('a boot file whose URL has a name', () => {
  const named = profile('p', {
    boot: { kind: 'file', byArch: new Map<Arch, string>([['uefi-x64', 'http://mirror.example/x.efi']]) },
  });
  const dns = Uint8Array.of(10, 11, 11, 53);

  function told(options: ReadonlyMap<number, Uint8Array>, arch: string) {
    const sent = imagine({ arch }, { nic: 'eth1', localAddress: ip('10.11.11.1') });
    const decision = decide(sent, world('full', [{ ...named, options }]));
    assert.ok(decision.kind === 'reply');
    return decision;
  }

  test('the name server goes with it, asked for or not', () => {
    const { always, options, reason } = told(new Map([[OPTION.DOMAIN_NAME_SERVERS, dns]]), 'uefi-x64-http');
    assert.ok(always.has(OPTION.DOMAIN_NAME_SERVERS));
    assert.deepEqual(options.get(OPTION.DOMAIN_NAME_SERVERS), dns);
    assert.doesNotMatch(reason, /no dns/);
  });

  test('where there is none, the reason says it', () => {
    assert.match(
      told(new Map(), 'uefi-x64-http').reason,
      /by a URL with a name although the subnet has no dns$/,
    );
  });

  test('another client is told a name server only if it asks', () => {
    const { always, reason } = told(new Map(), 'bios');
    assert.equal(always.has(OPTION.DOMAIN_NAME_SERVERS), false);
    assert.doesNotMatch(reason, /dns/);
  });
});
