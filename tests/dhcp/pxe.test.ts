import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  decodePxeBootItem,
  decodePxeOptions,
  encodePxeAnswer,
  encodePxeMenu,
  LOCAL_BOOT,
  LONGEST_TIMEOUT,
  type PxeMenu,
  type PxeOptions,
} from '../../src/dhcp/pxe.ts';
import { ip } from '../leases/rules.ts';

const hex = (spaced: string): string => spaced.replaceAll(' ', '');

const MENU: PxeMenu = {
  prompt: 'F8',
  timeout: 10,
  items: [
    { type: 0x8000, title: 'Debian' },
    { type: LOCAL_BOOT, title: 'Disk' },
  ],
  server: ip('10.11.11.1'),
};

/** What a client makes of a menu of ours. */
function asRead({ prompt, timeout, items, server }: PxeMenu): PxeOptions {
  const remote = items.filter(({ type }) => type !== LOCAL_BOOT);
  return {
    skipsDiscovery: false,
    hasDiscovery: true,
    servers: remote.map(({ type }) => ({ type, addresses: [server] })),
    menu: items,
    prompt: { seconds: timeout, text: prompt },
  };
}

describe('a menu in option 43, byte by byte (PXE 2.1, table 2-1)', () => {
  const cases: Record<string, [menu: PxeMenu, wire: string]> = {
    'two items, one of them the disk, which needs no server': [
      MENU,
      '06 01 07 08 07 8000 01 0a0b0b01 09 10 8000 06 44656269616e 0000 04 4469736b 0a 03 0a 4638 ff',
    ],
    'without a timeout the menu opens and waits': [
      { ...MENU, timeout: undefined },
      '06 01 07 08 07 8000 01 0a0b0b01 09 10 8000 06 44656269616e 0000 04 4469736b 0a 03 ff 4638 ff',
    ],
    'nothing but the disk': [
      { prompt: '', timeout: 0, items: [{ type: 0, title: 'Disk' }], server: 0 },
      '06 01 07 09 07 0000 04 4469736b 0a 01 00 ff',
    ],
  };
  for (const [name, [menu, wire]] of Object.entries(cases)) {
    test(name, () => {
      assert.equal(encodePxeMenu(menu).toHex(), hex(wire));
      assert.deepEqual(decodePxeOptions(Uint8Array.fromHex(hex(wire))), asRead(menu));
    });
  }
});

const printable = (maxLength: number) =>
  fc.string({
    maxLength,
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  });

/** Objects like those that code makes, so that they can be compared strictly. */
const PLAIN = { noNullPrototype: true };

const menus = fc
  .record(
    {
      prompt: printable(40),
      timeout: fc.option(fc.nat({ max: LONGEST_TIMEOUT }), { nil: undefined }),
      items: fc.array(fc.record({ type: fc.nat({ max: 0xffff }), title: printable(60) }, PLAIN), {
        minLength: 1,
        maxLength: 20,
      }),
      server: fc.nat({ max: 0xffff_ffff }),
    },
    PLAIN,
  )
  // A menu of nothing but the disk names no server.
  .map((menu) => (menu.items.every(({ type }) => type === LOCAL_BOOT) ? { ...menu, server: 0 } : menu));

test('every menu comes back as it was sent', () => {
  fc.assert(
    fc.property(menus, (menu) => assert.deepEqual(decodePxeOptions(encodePxeMenu(menu)), asRead(menu))),
  );
});

describe('what a client reads', () => {
  const read = (wire: string): PxeOptions | undefined => decodePxeOptions(Uint8Array.fromHex(hex(wire)));
  test('control, servers, menu and prompt', () => {
    assert.deepEqual(
      read('06 01 08 08 07 8001 01 0a4d0001 09 0a 8001 07 496e7374616c6c 0a 05 ff 50786520 ff'),
      {
        skipsDiscovery: true,
        hasDiscovery: true,
        servers: [{ type: 0x8001, addresses: [ip('10.77.0.1')] }],
        menu: [{ type: 0x8001, title: 'Install' }],
        prompt: { seconds: undefined, text: 'Pxe ' },
      },
    );
  });
  test("another vendor's text is nothing, and half of an item is left out", () => {
    assert.equal(decodePxeOptions(Buffer.from('http://x/')), undefined);
    assert.equal(read(''), undefined);
    assert.deepEqual(read('09 04 8000 06 44')?.menu, []);
    assert.deepEqual(read('08 06 8000 02 0a0b0b')?.servers, []);
    assert.equal(read('0a 00')?.prompt, undefined);
    assert.equal(read('01 01 01')?.hasDiscovery, false);
  });
  test('of any bytes something or nothing, never an error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodePxeOptions(bytes)));
  });
});

describe('the boot item', () => {
  test('that iPXE asks for', () => {
    assert.deepEqual(decodePxeBootItem(Uint8Array.fromHex(hex('47 04 8000 0000 ff'))), {
      type: 0x8000,
      layer: 0,
    });
  });

  test('of another size, or none, is none', () => {
    for (const wire of ['47 02 8000', '47 05 8000000000', '06 01 08 ff', '47 04 8000', '']) {
      assert.equal(decodePxeBootItem(Uint8Array.fromHex(hex(wire))), undefined, wire);
    }
  });

  test('is told back as it came, with whatever layer', () => {
    const u16 = fc.nat({ max: 0xffff });
    fc.assert(
      fc.property(u16, u16, fc.boolean(), (type, layer, skipDiscovery) => {
        const item = { type, layer };
        assert.deepEqual(decodePxeBootItem(encodePxeAnswer({ skipDiscovery, item })), item);
      }),
    );
  });

  test('stands behind the discovery control', () => {
    const told = (skipDiscovery: boolean, item?: { type: number; layer: number }) =>
      encodePxeAnswer({ skipDiscovery, item }).toHex();
    assert.equal(told(true), hex('06 01 08 ff'));
    assert.equal(told(true, { type: 0x8001, layer: 0x8000 }), hex('06 01 08 47 04 8001 8000 ff'));
    assert.equal(told(false, { type: 0x8001, layer: 0 }), hex('47 04 8001 0000 ff'));
  });
});
