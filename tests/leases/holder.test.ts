import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runningLease } from '../../src/leases/holder.ts';
import type { Binding } from '../../src/leases/store.ts';
import { createLeaseTable } from '../../src/leases/table.ts';
import { binding, ip } from './rules.ts';

const NOW = 1_800_000_000_000;
const ADDRESS = ip('10.0.0.10');

const cases: Readonly<Record<string, { readonly stored?: Partial<Binding>; readonly runs: boolean }>> = {
  'a lease that runs': { stored: {}, runs: true },
  'one that ends now': { stored: { expiresAt: NOW }, runs: false },
  'one that was given back': { stored: { state: 'released' }, runs: false },
  'an address that a stranger uses': { stored: { state: 'declined' }, runs: false },
  'an address of nobody': { runs: false },
};

for (const [name, { stored, runs }] of Object.entries(cases)) {
  test(`whose address it is: ${name}`, () => {
    const table = createLeaseTable([]);
    if (stored !== undefined) table.bind(binding('10.0.0.10', 'a', { expiresAt: NOW + 1, ...stored }));
    assert.equal(runningLease(ADDRESS, table, NOW)?.identity, runs ? 'a' : undefined);
  });
}
