/**
 * Packets in hex, and beside each what a reader must see in it. tests/golden holds captures of real clients, its folder
 * described/ packets put together from what others published of theirs, tests/dhcp/packets messages made by hand for what no capture has. `UPDATE_GOLDEN=1` writes the texts anew, to be
 * read as a diff.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodePacket, isMalformed } from '../../src/dhcp/decode.ts';
import { encodePacket } from '../../src/dhcp/encode.ts';
import { describePacket } from '../../src/dhcp/text.ts';
import { fromHex } from './hex.ts';

const update = process.env['UPDATE_GOLDEN'] === '1';

for (const folder of ['../golden/', '../golden/described/', './packets/']) {
  const path = (name: string) => fileURLToPath(new URL(folder + name, import.meta.url));
  const captures = readdirSync(path('')).filter((name) => name.endsWith('.hex'));

  test(`${folder} holds packets`, () => assert.notEqual(captures.length, 0));

  for (const capture of captures) {
    test(`${folder}${capture}`, () => {
      const decoded = decodePacket(fromHex(readFileSync(path(capture), 'utf8')));
      assert.ok(!isMalformed(decoded), JSON.stringify(decoded));

      const textFile = path(capture.replace(/\.hex$/, '.txt'));
      const text = `${describePacket(decoded)}\n`;
      if (update) writeFileSync(textFile, text);
      assert.equal(text, readFileSync(textFile, 'utf8'));

      const { bytes, dropped } = encodePacket(decoded);
      assert.deepEqual(dropped, []);
      assert.deepEqual(decodePacket(bytes), decoded);
    });
  }
}
