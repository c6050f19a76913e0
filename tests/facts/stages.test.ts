/** What a client is, by what it says: each kind of firmware and loader, and what tells it from its neighbours. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Arrival, type Facts, factsOf } from '../../src/boot/facts.ts';
import { featureEntries, IPXE_FEATURES } from '../../src/boot/ipxe-features.ts';
import { findMachine } from '../../src/boot/select.ts';
import { imaginePacket } from '../../src/decide/imagine.ts';
import { encodeSuboptions } from '../../src/dhcp/suboptions.ts';
import { bytesOf } from '../../src/dhcp/wiretext.ts';
import { macOctets } from '../../src/values/mac.ts';
import { machine, world } from '../decide/world.ts';

const ARRIVAL: Arrival = {
  nic: 'eth1',
  localAddress: 0x0a0b0b01,
  port: 67,
  source: 0,
  sourcePort: 68,
  destination: 0xffff_ffff,
};
const BOARD = '52:54:00:aa:00:01';
const PI = 'dc:a6:32:01:02:03';

interface Said {
  readonly mac?: string;
  readonly class?: string;
  readonly arch?: readonly number[];
  readonly user?: readonly number[];
  readonly ipxe?: Uint8Array;
  readonly guid?: string;
}

function facts(said: Said): Facts {
  const options = new Map<number, Uint8Array>();
  if (said.class !== undefined) options.set(60, bytesOf(said.class));
  if (said.arch !== undefined)
    options.set(93, Uint8Array.from(said.arch.flatMap((code) => [code >> 8, code & 255])));
  if (said.user !== undefined) options.set(77, Uint8Array.from(said.user));
  if (said.ipxe !== undefined) options.set(175, said.ipxe);
  if (said.guid !== undefined) options.set(97, Uint8Array.fromHex(said.guid));
  const packet = { ...imaginePacket({}), chaddr: macOctets(said.mac ?? BOARD), options };
  return factsOf(packet, ARRIVAL);
}

const PXE_BIOS = 'PXEClient:Arch:00000:UNDI:002001';
const RAW = [...bytesOf('iPXE')];

describe('stage and architecture', () => {
  const cases: Record<string, [said: Said, stage: string, arch: string | undefined]> = {
    'a BIOS ROM': [{ class: PXE_BIOS, arch: [0] }, 'rom', 'bios'],
    'a UEFI ROM': [{ class: 'PXEClient:Arch:00007:UNDI:003000', arch: [7] }, 'rom', 'uefi-x64'],
    '8 is x64 in the field': [{ class: 'PXEClient:Arch:00008:UNDI:003000', arch: [8] }, 'rom', 'uefi-x64'],
    '9 is x64 too': [{ class: 'PXEClient:Arch:00009:UNDI:003000', arch: [9] }, 'rom', 'uefi-x64'],
    '6 is IA32': [{ class: 'PXEClient:Arch:00006:UNDI:003000', arch: [6] }, 'rom', 'uefi-ia32'],
    'no option 93': [{ class: 'PXEClient:Arch:00011:UNDI:003000' }, 'rom', 'uefi-arm64'],
    'option 93 empty': [{ class: 'PXEClient:Arch:00011:UNDI:003000', arch: [] }, 'rom', 'uefi-arm64'],
    'option 93 with unknown numbers only': [{ class: PXE_BIOS, arch: [4711] }, 'rom', 'bios'],
    "a vendor's own class": [{ class: 'HW-Client:Arch:00007:UNDI:003016' }, 'rom', 'uefi-x64'],
    'PXEClient and nothing else': [{ class: 'PXEClient' }, 'rom', undefined],
    'UEFI HTTP Boot': [{ class: 'HTTPClient:Arch:00016:UNDI:003000', arch: [16] }, 'http', 'uefi-x64-http'],
    'HTTP Boot that says arch 7': [{ class: 'HTTPClient:Arch:00007', arch: [7] }, 'http', 'uefi-x64'],
    'arch 16 under the class PXEClient': [{ class: 'PXEClient', arch: [16] }, 'http', 'uefi-x64-http'],
    'iPXE by a raw user class': [{ class: PXE_BIOS, arch: [0], user: RAW }, 'ipxe', 'bios'],
    'iPXE by an RFC 3004 one': [{ class: PXE_BIOS, arch: [0], user: [4, ...RAW] }, 'ipxe', 'bios'],
    'iPXE by option 175': [{ class: PXE_BIOS, arch: [0], ipxe: new Uint8Array() }, 'ipxe', 'bios'],
    'another user class': [{ class: PXE_BIOS, arch: [0], user: [...bytesOf('gPXE')] }, 'rom', 'bios'],
    'U-Boot by its class': [{ class: 'U-Boot.armv8' }, 'uboot', 'uboot-arm64'],
    'U-Boot, 32 bits': [{ class: 'U-Boot.armv7' }, 'uboot', 'uboot-arm32'],
    'U-Boot with CONFIG_BOOTP_PXE': [{ class: 'U-Boot.armv8', arch: [22] }, 'uboot', 'uboot-arm64'],
    'an old U-Boot': [{ class: 'U-boot.armv7.ca9x4_ct_vxp', arch: [0x100] }, 'uboot', 'uboot-arm32'],
    'U-Boot that calls itself PXE': [
      { class: 'PXEClient:Arch:00022:UNDI:003000', arch: [22] },
      'uboot',
      'uboot-arm64',
    ],
    'U-Boot of something else': [{ class: 'U-Boot' }, 'uboot', undefined],
    "U-Boot's UEFI": [{ class: 'PXEClient:Arch:00011:UNDI:003000', arch: [11] }, 'rom', 'uefi-arm64'],
    'a Raspberry Pi by its MAC': [{ mac: PI, class: PXE_BIOS, arch: [0] }, 'rpi', 'arm-rpiboot'],
    'a Pi 4 by its GUID, on a USB NIC': [
      { class: PXE_BIOS, arch: [0], guid: '00525069341431c0003201020301020304' },
      'rpi',
      'arm-rpiboot',
    ],
    'a Pi 5 by its GUID': [
      { class: PXE_BIOS, arch: [0], guid: '00525069351431c0003201020301020304' },
      'rpi',
      'arm-rpiboot',
    ],
    'a Pi of early 2020 by its GUID': [
      { class: PXE_BIOS, arch: [0], guid: '00907501800000000032010203000000aa' },
      'rpi',
      'arm-rpiboot',
    ],
    'a Pi that gives the number of the registry': [{ class: 'PXEClient', arch: [41] }, 'rpi', 'arm-rpiboot'],
    'UEFI firmware on a Pi': [
      { mac: PI, class: 'PXEClient:Arch:00011:UNDI:003000', arch: [11] },
      'rom',
      'uefi-arm64',
    ],
    'iPXE on a Pi': [{ mac: PI, class: PXE_BIOS, arch: [0], user: RAW }, 'ipxe', 'bios'],
    'the system installed on a Pi': [{ mac: PI, class: 'dhcpcd-9.4.1:Linux-6.1' }, 'other', undefined],
    Windows: [{ class: 'MSFT 5.0' }, 'other', undefined],
    'no class at all': [{ arch: [7] }, 'other', 'uefi-x64'],
  };
  for (const [name, [said, stage, arch]] of Object.entries(cases)) {
    test(name, () => {
      const got = facts(said);
      assert.deepEqual([got.stage, got.arch], [stage, arch]);
    });
  }
});

describe('features of an iPXE', () => {
  const told = (bytes: number[]) => [
    ...(facts({ ipxe: Uint8Array.from(bytes) }).ipxeFeatures ?? ['does not say']),
  ];
  test('each by its name, and back', () => {
    const all = encodeSuboptions(featureEntries(IPXE_FEATURES));
    assert.deepEqual([...(facts({ ipxe: all }).ipxeFeatures ?? [])], IPXE_FEATURES);
  });
  test('zero is not there, unknown numbers are left out', () => {
    assert.deepEqual(told([0x13, 1, 1, 0x14, 1, 0, 0x18, 1, 1, 0xb1, 2, 1, 2]), ['http', 'bzimage']);
  });
  test('an option that is cut off has none', () => assert.deepEqual(told([0x13, 9, 1]), []));
  test('without option 175 nothing is known', () =>
    assert.equal(facts({ user: RAW }).ipxeFeatures, undefined));
});

describe('UUID', () => {
  const GUID = '00785634127856341290abcdef12345678';
  const READABLE = '12345678-5678-1234-90ab-cdef12345678';
  const AS_SENT = '78563412-7856-3412-90ab-cdef12345678';
  test('both byte orders are kept', () => {
    const { uuid, uuidAsSent } = facts({ guid: GUID });
    assert.deepEqual([uuid, uuidAsSent], [READABLE, AS_SENT]);
  });
  for (const uuid of [READABLE, AS_SENT]) {
    test(`a machine that is listed as ${uuid} is found`, () => {
      const listed = machine('aa:aa:aa:aa:aa:aa', { uuid });
      assert.equal(findMachine(facts({ guid: GUID }), world('proxy', [], [listed]).inventory), listed);
    });
  }
  for (const [name, guid] of [
    ['all zero', '00'.repeat(17)],
    ["a Pi 3's", `00${'44'.repeat(16)}`],
    ['all ones', `00${'ff'.repeat(16)}`],
    ["a board's without a number", '0000020003000400050006000700080009'],
    ['shared by many boards', '0000b3b56a8d5314109fb5b0684d007b53'],
    ['16 bytes only', '11'.repeat(16)],
    ['of another type', `01${'12'.repeat(15)}34`],
  ] as const) {
    test(`${name}: identifies nobody`, () => assert.equal(facts({ guid }).uuid, undefined));
  }
});
