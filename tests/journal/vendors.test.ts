import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createVendors, findVendor } from '../../src/journal/vendors.ts';

test('known makers', async () => {
  const vendors = createVendors();
  assert.equal(vendors.nameOf('00:50:56:00:00:01'), undefined, 'not before the registry is read');
  await vendors.ready();
  assert.equal(vendors.nameOf('00:50:56:00:00:01'), 'VMware, Inc.');
  assert.equal(vendors.nameOf('52:54:00:aa:00:01'), 'QEMU');
  assert.equal(vendors.nameOf('ff:ff:ff:ff:ff:ff'), undefined);
});

test('searching the bytes finds what parsing them finds', async () => {
  const registry = await readFile(fileURLToPath(import.meta.resolve('oui-data')));
  const parsed: Record<string, string> = JSON.parse(registry.toString());
  const prefixes = Object.keys(parsed);
  assert.ok(prefixes.length > 50_000);
  for (let index = 0; index < prefixes.length; index += index < 50 ? 1 : 37) {
    const prefix = prefixes[index] ?? '';
    const digits = prefix.padEnd(12, '0');
    const mac = (digits.toLowerCase().match(/../g) ?? []).join(':');
    // Padding may lead into a longer prefix, which is the more specific one.
    const longest = [9, 7, 6].map((length) => digits.slice(0, length)).find((key) => key in parsed) ?? prefix;
    assert.equal(findVendor(registry, mac), parsed[longest]?.split('\n')[0]?.trim(), prefix);
  }
  for (const edge of [prefixes[0], prefixes.at(-1)]) assert.ok(edge !== undefined && edge in parsed);
});

test('a registry that is empty or of another form knows nobody', () => {
  for (const text of ['', '{}', '{"000000":"x"}', 'no JSON\nat all\n']) {
    assert.equal(findVendor(Buffer.from(text), '00:00:00:00:00:01'), undefined);
  }
});
