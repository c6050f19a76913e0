/** Each built-in quirk on the firmware that it is for, and what becomes of the same firmware without it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Facts } from '../../src/boot/facts.ts';
import { KNOWN_QUIRKS } from '../../src/boot/known-quirks.ts';
import { applyQuirks, type Quirk, type QuirkMatch, quirkTable } from '../../src/boot/quirks.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Decision, Question, World } from '../../src/decide/decision.ts';
import { explain } from '../../src/decide/explain.ts';
import { type Description, imagine } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { textToNul } from '../../src/dhcp/wiretext.ts';
import { ip } from '../leases/rules.ts';
import { machine, profile, world } from './world.ts';

const AT = { nic: 'eth1', localAddress: ip('10.11.11.1') };
const MAC = '52:54:00:aa:00:01';
const PI = 'dc:a6:32:01:02:03';
const VIRTUALBOX = '08:00:27:01:02:03';

function question(client: Description, more: Partial<Facts> = {}): Question {
  const imagined = imagine({ mac: MAC, ...client }, AT);
  return { ...imagined, facts: { ...imagined.facts, ...more } };
}

function told(decision: Decision): string {
  if (decision.kind === 'ignore') return decision.code;
  const { options, bootFile, siaddr, sending } = decision;
  const parts: string[] = [];
  if (siaddr !== 0) parts.push('next');
  if (bootFile !== undefined) parts.push(`file=${bootFile}`);
  const vendorClass = options.get(OPTION.VENDOR_CLASS);
  if (vendorClass !== undefined) parts.push(`60=${textToNul(vendorClass)}`);
  const vendor = options.get(OPTION.VENDOR_OPTIONS);
  if (vendor !== undefined) parts.push(`43=${vendor.toHex()}`);
  if (options.has(OPTION.TFTP_SERVER_NAME)) parts.push('66');
  if (decision.change?.kind === 'offer')
    parts.push(`held=${(decision.change.offer.expiresAt - NOW) / 1000}s`);
  if (sending !== undefined) parts.push(`sending=${JSON.stringify(sending)}`);
  return parts.join(' ');
}
const NOW = world('full', []).now;

const without = (where: World): World => ({ ...where, quirks: [] });
const features = (...names: ('http' | 'bzimage')[]) => ({ ipxeFeatures: new Set(names) });
const full = world('full', [profile('p')]);
const proxy = world('proxy', [profile('p')]);

describe('the built-in quirks', () => {
  const PI_MENU = '0601030a0400505845091400001152617370626572727920506920426f6f74ff';
  const cases: Record<string, [where: World, asks: Question, gives: string, otherwise: string]> = {
    'uefi-proxy-without-43': [
      proxy,
      question({ arch: 'uefi-x64' }),
      'next file=snponly.efi 60=PXEClient 66',
      'next file=snponly.efi 60=PXEClient 43=060108ff 66',
    ],
    'bios-ipxe-without-bzimage': [
      full,
      question({ arch: 'bios', ipxe: true }, features('http')),
      'next file=ipxe.pxe 66 held=30s',
      `next file=http://10.11.11.1:8080/ipxe?mac=${MAC}&arch=bios 66 held=30s`,
    ],
    'virtualbox-ipxe-tftp': [
      full,
      question({ arch: 'bios', mac: VIRTUALBOX, ipxe: true }, features('bzimage')),
      'next file=tftp://10.11.11.1/ipxe/08-00-27-01-02-03.ipxe 66 held=30s',
      'next file=ipxe/08-00-27-01-02-03.ipxe 66 held=30s',
    ],
    'raspberry-pi-menu': [
      proxy,
      question({ mac: PI }),
      `next 60=PXEClient 43=${PI_MENU} 66`,
      'next 60=PXEClient 66',
    ],
    'raspberry-pi-uses-the-offer': [
      full,
      question({ mac: PI }),
      `next 60=PXEClient 43=${PI_MENU} 66 held=600s`,
      'next 66 held=30s',
    ],
    'raspberry-pi-3-is-slow-to-listen': [
      proxy,
      question({ mac: 'b8:27:eb:01:02:03' }),
      `next 60=PXEClient 43=${PI_MENU} 66 sending={"delay":1000}`,
      'next 60=PXEClient 66',
    ],
  };
  test('each has a row here', () => {
    assert.deepEqual(
      Object.keys(cases),
      KNOWN_QUIRKS.map(({ name }) => name),
    );
  });
  for (const [name, [where, asks, gives, otherwise]] of Object.entries(cases)) {
    test(name, () => {
      const decision = decide(asks, where);
      assert.equal(told(decision), gives);
      assert.ok(decision.quirks?.includes(name), 'the decision names it');
      assert.equal(told(decide(asks, without(where))), otherwise);
    });
  }
  test('an installed system has none, and the usual BIOS machine neither', () => {
    for (const client of [{ vendorClass: 'MSFT 5.0' }, { arch: 'bios' }]) {
      assert.equal(decide(question(client), full).quirks, undefined);
    }
  });
  test('our own iPXE is not chained again, whatever it lacks', () => {
    const asks = question({ arch: 'bios', ipxe: true }, { ...features('http'), chained: true });
    assert.match(told(decide(asks, full)), /file=http:/);
  });
  test('an iPXE that does not tell its features is not taken to lack any', () => {
    for (const ipxeFeatures of [undefined, new Set<never>()]) {
      const asks = question({ arch: 'bios', userClass: 'iPXE' }, { ipxeFeatures });
      assert.match(told(decide(asks, full)), /file=ipxe\/52-/);
    }
  });
  test('what a profile says of uefiProxy is over the quirk', () => {
    const asks = question({ arch: 'uefi-x64' });
    const said = (uefiProxy: 'binl' | 'discovery') =>
      told(decide(asks, world('proxy', [profile('p', { uefiProxy })])));
    assert.match(said('discovery'), /43=060108ff/);
    assert.doesNotMatch(said('binl'), /43=/);
  });
});

describe('every key of a match', () => {
  const { facts } = question({
    arch: 'uefi-x64',
    ipxe: true,
    uuid: '4c4c4544-0042-3510-8052-b7c04f384a32',
    vendorClass: 'PXEClient:Arch:00007:UNDI:003016',
  });
  const cases: [QuirkMatch, boolean][] = [
    [{}, true],
    [{ mac: ['52:54:*'] }, true],
    [{ mac: ['52:55:*'] }, false],
    [{ arch: ['bios', 'uefi-x64'] }, true],
    [{ arch: [7] }, true],
    [{ arch: ['bios', 6] }, false],
    [{ stage: ['rom', 'ipxe'] }, true],
    [{ stage: ['rom'] }, false],
    [{ vendorClass: ['PXEClient*'] }, true],
    [{ vendorClass: ['HTTPClient*'] }, false],
    [{ userClass: ['iPXE'] }, true],
    [{ userClass: ['gPXE'] }, false],
    [{ uuid: ['4c4c4544-*'] }, true],
    [{ uuid: ['44454c4c-4200-1035-*'] }, true],
    [{ uuid: ['5c4c4544-*'] }, false],
    [{ mode: 'full' }, true],
    [{ mode: 'proxy' }, false],
    [{ chained: false }, true],
    [{ chained: true }, false],
    [{ lacks: ['https'] }, true],
    [{ lacks: ['http'] }, false],
    [{ lacks: ['http', 'nfs'] }, true],
    [{ stage: ['ipxe'], mac: ['52:55:*'] }, false],
  ];
  for (const [match, holds] of cases) {
    test(`${JSON.stringify(match)} ${holds ? 'holds' : 'does not hold'}`, () => {
      const quirk: Quirk = { name: 'q', match, adjust: { tftpUrl: true }, evidence: 'test' };
      const { quirks, adjust } = applyQuirks(facts, 'full', [quirk]);
      assert.deepEqual([quirks, adjust], holds ? [[quirk], { tftpUrl: true }] : [[], {}]);
    });
  }
  test('a client without UUID or class matches none of them', () => {
    const bare = question({ vendorClass: 'x' }).facts;
    const quirk: Quirk = { name: 'q', match: { uuid: ['*'] }, adjust: {}, evidence: 'test' };
    assert.deepEqual(applyQuirks(bare, 'full', [quirk]).quirks, []);
  });
});

describe('what an operator adds', () => {
  const quirk = (name: string, adjust: Quirk['adjust'], match: QuirkMatch = {}): Quirk => ({
    name,
    match,
    adjust,
    evidence: 'pilotlight.yaml:1',
  });
  const and = (...configured: Quirk[]): World => ({ ...proxy, quirks: quirkTable(KNOWN_QUIRKS, configured) });
  const uefi = question({ arch: 'uefi-x64' });

  test('takes the place of a built-in one of its name', () => {
    const decision = decide(uefi, and(quirk('uefi-proxy-without-43', {})));
    assert.match(told(decision), /43=060108ff/);
  });
  test('is over the built-in ones where both say something', () => {
    assert.match(told(decide(uefi, and(quirk('mine', { discovery: 'skip' })))), /43=060108ff/);
  });
  test('broadcast and delay go with the reply', () => {
    const decision = decide(uefi, and(quirk('slow', { broadcast: true, replyDelay: 2000 })));
    assert.match(told(decision), /sending=\{"broadcast":true,"delay":2000\}/);
  });
  test("options are set over a machine's own, or left out", () => {
    const own = machine(MAC, { options: new Map([[66, Uint8Array.of(1)]]) });
    const where = world('proxy', [profile('p')], [own]);
    const odd = quirk('odd', { options: new Map([[66, Uint8Array.of(2)]]), without: [OPTION.VENDOR_CLASS] });
    const decision = decide(uefi, { ...where, quirks: [odd] });
    assert.ok(decision.kind === 'reply');
    assert.deepEqual([decision.options.get(66), decision.options.has(60)], [Uint8Array.of(2), false]);
  });
  test('an option goes also to who has neither profile nor machine', () => {
    const odd = quirk('odd', { options: new Map([[252, Uint8Array.of(2)]]) });
    const decision = decide(question({ vendorClass: 'MSFT 5.0' }), { ...world('full', []), quirks: [odd] });
    assert.equal(decision.kind === 'reply' && decision.options.has(252), true);
  });
  test('an option goes to who does not ask for it, and to nobody else so', () => {
    const odd = quirk('odd', { options: new Map([[150, Uint8Array.of(2)]]) });
    for (const where of [full, proxy]) {
      const pressed = (quirks: readonly Quirk[]) => {
        const decision = decide(uefi, { ...where, quirks });
        return decision.kind === 'reply' && decision.always.has(150);
      };
      assert.deepEqual([pressed([odd]), pressed([])], [true, false]);
    }
  });
  test('a quirk that leads to silence is named too', () => {
    const local = world('proxy', [profile('p', { boot: { kind: 'local' } })]);
    const decision = decide(uefi, { ...local, quirks: [quirk('mute', { localBoot: 'silence' })] });
    assert.deepEqual([told(decision), decision.quirks], ['NOTHING_TO_BOOT', ['mute']]);
  });
  test('another first stage is under what the profile names', () => {
    const where = and(quirk('broken-nic', { firmware: 'ipxe.efi' }));
    assert.match(told(decide(uefi, where)), /file=ipxe\.efi/);
    const named = {
      ...where,
      inventory: world('proxy', [profile('p', { firmware: new Map([['uefi-x64', 'own.efi']]) })]).inventory,
    };
    assert.match(told(decide(uefi, named)), /file=own\.efi/);
  });
});

test('explain names each quirk that applied, and how it is known', () => {
  const { quirks } = explain({ mac: PI }, AT, proxy);
  assert.deepEqual(
    quirks.map(({ name }) => name),
    ['raspberry-pi-menu'],
  );
  assert.match(quirks[0]?.evidence ?? '', /raspberrypi/);
  assert.deepEqual(explain({ mac: MAC, arch: 'bios' }, AT, proxy).quirks, []);
});

describe('option 150, for who asks', () => {
  test('it is a candidate and not pressed on anybody', () => {
    for (const where of [full, proxy]) {
      const decision = decide(question({ arch: 'bios' }), where);
      assert.ok(decision.kind === 'reply');
      assert.deepEqual(decision.options.get(150), Uint8Array.of(10, 11, 11, 1));
      assert.equal(decision.always.has(150), false);
    }
  });
});
