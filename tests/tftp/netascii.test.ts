import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toNetascii } from '../../src/tftp/netascii.ts';

const cases: readonly (readonly [string, string])[] = [
  ['', ''],
  ['one', 'one'],
  ['one\ntwo\n', 'one\r\ntwo\r\n'],
  ['\n\n', '\r\n\r\n'],
  ['dos\r\n', 'dos\r\n'],
  ['bare\rreturn', 'bare\r\0return'],
  ['\r', '\r\0'],
  ['\r\r\n', '\r\0\r\n'],
];

for (const [plain, netascii] of cases) {
  test(`${JSON.stringify(plain)} becomes ${JSON.stringify(netascii)}`, () => {
    assert.equal(Buffer.from(toNetascii(Buffer.from(plain))).toString(), netascii);
  });
}
