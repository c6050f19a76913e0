import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { globMatches } from '../../src/boot/glob.ts';
import { explainSelection, selectProfile } from '../../src/boot/select.ts';
import { type Description, imagine } from '../../src/decide/imagine.ts';
import type { Match } from '../../src/profiles/model.ts';
import { parseSubnet } from '../../src/values/ipv4.ts';
import { machine, profile, world } from '../decide/world.ts';
import { ip } from '../leases/rules.ts';

const MAC = '52:54:00:aa:00:01';
const AT = { nic: 'eth1', localAddress: ip('10.11.11.1') };
const net = (text: string) => parseSubnet(text) ?? { network: 0, prefix: 0 };

function reason(match: Match, client: Description): { matched: boolean; reason: string } | undefined {
  const { facts } = imagine({ mac: MAC, ...client }, AT);
  const [only] = explainSelection(facts, world('proxy', [profile('p', { match })]).inventory);
  return only === undefined ? undefined : { matched: only.matched, reason: only.reason };
}

describe('every key of match, held and not held, with the reason that explain tells', () => {
  const cases: [Match, Description, boolean, string][] = [
    [{}, {}, true, 'matches every client'],
    [{ mac: ['52:54:00:*'] }, {}, true, `mac ${MAC}`],
    [{ mac: ['aa:*', '52:54:00:aa:00:0?'] }, {}, true, `mac ${MAC}`],
    [{ mac: ['aa:*'] }, {}, false, `mac ${MAC} is not aa:*`],
    [{ arch: ['bios', 'uefi-x64'] }, { arch: 9 }, true, 'arch uefi-x64'],
    [{ arch: ['uefi-arm64'] }, { arch: 'bios' }, false, 'arch bios is not uefi-arm64'],
    [{ arch: [4711] }, { arch: 4711 }, true, 'arch 4711'],
    [{ arch: ['bios'] }, { vendorClass: 'MSFT 5.0' }, false, 'the client named no arch'],
    [
      { uuid: ['4c4c4544-0042-3510-8052-b7c04f384a32'] },
      { uuid: '4c4c4544-0042-3510-8052-b7c04f384a32' },
      true,
      'uuid 4c4c4544-0042-3510-8052-b7c04f384a32',
    ],
    [
      { uuid: ['44454c4c-4200-1035-8052-b7c04f384a32'] },
      { uuid: '4c4c4544-0042-3510-8052-b7c04f384a32' },
      true,
      'uuid 4c4c4544-0042-3510-8052-b7c04f384a32',
    ],
    [{ uuid: ['4c4c4544-0042-3510-8052-b7c04f384a32'] }, {}, false, 'the client sent no uuid'],
    [{ vendorClass: ['PXEClient*'] }, { arch: 'bios' }, true, 'vendorClass PXEClient:Arch:00000:UNDI:003016'],
    [{ userClass: ['iPXE'] }, { ipxe: true }, true, 'userClass iPXE'],
    [{ userClass: ['iPXE'] }, {}, false, 'the client sent no userClass'],
    [{ subnet: [net('10.11.11.0/24')] }, {}, true, 'link address 10.11.11.1'],
    [
      { subnet: [net('10.11.11.0/24')] },
      { giaddr: ip('10.9.0.1') },
      false,
      'link address 10.9.0.1 is not in 10.11.11.0/24',
    ],
    [
      { relay: { circuitId: ['rack12/*'] } },
      { giaddr: ip('10.9.0.1'), circuitId: 'rack12/7' },
      true,
      'relay circuitId rack12/7',
    ],
    [
      { relay: { remoteId: ['sw1'] } },
      { giaddr: ip('10.9.0.1'), remoteId: 'sw2' },
      false,
      'relay remoteId sw2 is not sw1',
    ],
    [{ mac: ['52:*'], arch: ['uefi-x64'] }, { arch: 'bios' }, false, 'arch bios is not uefi-x64'],
  ];
  for (const [match, client, matched, told] of cases) {
    test(`${JSON.stringify(match)} ${JSON.stringify(client)}`, () => {
      const got = reason(match, client);
      assert.equal(got?.matched, matched);
      assert.ok(got?.reason.startsWith(told), got?.reason);
    });
  }
});

describe('choosing', () => {
  const { facts } = imagine({ mac: MAC }, AT);
  const both = [profile('first'), profile('second', { match: { mac: ['52:*'] } })];
  test('the first in order that matches', () => {
    assert.equal(selectProfile(facts, world('proxy', both).inventory).profile?.name, 'first');
  });
  test('the one that its machine names, matched or not', () => {
    const named = world('proxy', both, [machine(MAC, { profile: 'second' })]).inventory;
    assert.equal(selectProfile(facts, named).profile?.name, 'second');
    assert.deepEqual(explainSelection(facts, named), [
      {
        profile: 'first',
        matched: false,
        reason: 'it would match (matches every client), but its machine names second',
      },
      { profile: 'second', matched: true, reason: 'named by its machine' },
    ]);
  });
  test('a machine known by its UUID, on a NIC that nobody listed', () => {
    const uuid = '4c4c4544-0042-3510-8052-b7c04f384a32';
    const known = world('proxy', both, [machine('aa:aa:aa:aa:aa:aa', { uuid, profile: 'second' })]).inventory;
    assert.equal(selectProfile(imagine({ mac: MAC, uuid }, AT).facts, known).profile?.name, 'second');
  });
});

test('globs match as a regular expression of the same meaning does', () => {
  const letters = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 12 });
  fc.assert(
    fc.property(letters('ab*?'), letters('ab'), (pattern, text) => {
      const meaning = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      assert.equal(globMatches(pattern, text), meaning.test(text));
    }),
    { numRuns: 2000 },
  );
});
