import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Arrival, type Facts, factsOf, STAGES } from '../../src/boot/facts.ts';
import { imaginePacket } from '../../src/decide/imagine.ts';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import type { Packet } from '../../src/dhcp/packet.ts';

const GOLDEN = join(import.meta.dirname, '../golden');

const ARRIVAL: Arrival = {
  nic: 'eth1',
  localAddress: 0x0a0b0b01,
  port: 67,
  source: 0,
  sourcePort: 68,
  destination: 0xffff_ffff,
};

function captured(name: string): Facts {
  const bytes = Uint8Array.fromHex(readFileSync(join(GOLDEN, `${name}.hex`), 'utf8').replaceAll(/\s/g, ''));
  const packet = decodePacket(bytes);
  if (isMalformed(packet)) throw new Error(`${name}: ${packet.detail}`);
  return factsOf(packet, ARRIVAL);
}

describe('what real firmware tells of itself', () => {
  const table: Record<string, Partial<Facts> & { http?: boolean }> = {
    'ipxe-rom-bios': {
      stage: 'ipxe',
      arch: 'bios',
      vendorClass: 'PXEClient:Arch:00000:UNDI:002001',
      userClasses: ['iPXE'],
      broadcast: false,
    },
    'undionly-ipxe': { stage: 'ipxe', arch: 'bios', userClasses: ['iPXE'], http: true },
    'ovmf-pxe': {
      stage: 'rom',
      arch: 'uefi-x64',
      vendorClass: 'PXEClient:Arch:00007:UNDI:003000',
      userClasses: [],
      broadcast: true,
    },
    'ovmf-menu': { stage: 'rom', arch: 'uefi-x64', vendorClass: 'PXEClient:Arch:00007:UNDI:003000' },
    'ovmf-http': { stage: 'http', arch: 'uefi-x64-http', vendorClass: 'HTTPClient:Arch:00016:UNDI:003000' },
    'aavmf-pxe': { stage: 'rom', arch: 'uefi-arm64', vendorClass: 'PXEClient:Arch:00011:UNDI:003000' },
    'u-boot': { stage: 'uboot', arch: 'uboot-arm64', vendorClass: 'U-Boot.armv8', broadcast: false },
    'u-boot-uefi': { stage: 'rom', arch: 'uefi-arm64', vendorClass: 'PXEClient:Arch:00011:UNDI:003000' },
    'snponly-ipxe': {
      stage: 'ipxe',
      arch: 'uefi-x64',
      vendorClass: 'PXEClient:Arch:00007:UNDI:003010',
      userClasses: ['iPXE'],
      http: true,
    },
  };
  for (const name of readdirSync(GOLDEN).filter((file) =>
    /\.(discover|request|4011-request)\.hex$/.test(file),
  )) {
    const [, kind = ''] = name.split('.');
    test(name, () => {
      const expected = table[kind];
      assert.ok(expected !== undefined, `no row for ${kind}`);
      // On port 4011 iPXE shortens its vendor class and OVMF, having an address, wants no broadcast.
      const { http, vendorClass, broadcast, ...rest } = expected;
      const wanted = name.includes('4011') ? rest : { vendorClass, broadcast, ...rest };
      const facts = captured(name.replace(/\.hex$/, ''));
      for (const [key, value] of Object.entries(wanted)) {
        if (value !== undefined) assert.deepEqual(facts[key as keyof Facts], value, key);
      }
      if (http !== undefined) assert.equal(facts.ipxeFeatures?.has('http'), http);
      assert.match(facts.mac, /^52:5[24]:/);
      assert.equal(facts.uuid, undefined, 'QEMU without -uuid sends zeros, which identify nobody');
    });
  }
});

describe('architecture', () => {
  const arch = (more: [number, number[]][], vendorClass?: string): [Facts['arch'], Facts['archCode']] => {
    const packet = imaginePacket({ vendorClass: vendorClass ?? 'x' });
    const options = new Map([
      ...packet.options,
      ...more.map(([code, bytes]): [number, Uint8Array] => [code, Uint8Array.from(bytes)]),
    ]);
    const facts = factsOf({ ...packet, options }, ARRIVAL);
    return [facts.arch, facts.archCode];
  };
  const cases: Record<string, [got: [Facts['arch'], Facts['archCode']], Facts['arch'], Facts['archCode']]> = {
    'option 93': [arch([[93, [0, 7]]]), 'uefi-x64', 7],
    'a list: the first that is known': [arch([[93, [0xff, 0xff, 0, 11, 0, 7]]]), 'uefi-arm64', 11],
    'a list of unknown ones: the first': [arch([[93, [0xff, 0xfe, 0xff, 0xff]]]), undefined, 0xfffe],
    'an odd byte at the end is no architecture': [arch([[93, [0, 7, 0]]]), 'uefi-x64', 7],
    'without option 93: option 60': [arch([], 'PXEClient:Arch:00009:UNDI:003000'), 'uefi-x64', 9],
    'option 93 before option 60': [arch([[93, [0, 0]]], 'PXEClient:Arch:00007:UNDI:003000'), 'bios', 0],
    neither: [arch([], 'MSFT 5.0'), undefined, undefined],
  };
  for (const [name, [got, wantedArch, wantedCode]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(got, [wantedArch, wantedCode]));
  }
});

test('any options give facts, never an error', () => {
  const options = fc.array(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 60 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(options, fc.uint8Array({ maxLength: 16 }), (list, chaddr) => {
      const packet: Packet = { ...imaginePacket({}), chaddr, options: new Map(list) };
      const facts = factsOf(packet, ARRIVAL);
      assert.ok(STAGES.includes(facts.stage));
    }),
  );
});

test('a host name ends at its NUL, which Microsoft’s clients send', () => {
  const packet = imaginePacket({});
  const options = new Map([...packet.options, [12, new TextEncoder().encode('node1\0')]] as const);
  assert.equal(factsOf({ ...packet, options }, ARRIVAL).hostname, 'node1');
});

test('a relay’s words: text where it is text, hex where it is not', () => {
  const packet = imaginePacket({ giaddr: 0x0a010001, circuitId: 'rack12/7' });
  assert.deepEqual(factsOf(packet, ARRIVAL).relay, {
    giaddr: 0x0a010001,
    circuitId: 'rack12/7',
    remoteId: undefined,
    linkSelection: undefined,
    serverIdOverride: undefined,
  });
  const binary = { ...packet, options: new Map([[82, Uint8Array.of(1, 3, 0, 4, 255, 5, 4, 10, 9, 0, 1)]]) };
  const relay = factsOf(binary, ARRIVAL).relay;
  assert.deepEqual([relay?.circuitId, relay?.linkSelection], ['00:04:ff', 0x0a090001]);
});
