/** A process to be traced: commits a lease for each identity that it is given, a letter, one after the other, and says of each what became of it. */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../src/leases/sqlite.ts';
import { StoreUnavailable } from '../../src/leases/store.ts';
import { binding } from './rules.ts';

const [, , directory = '', ...identities] = process.argv;
const store = openSqliteStore(directory);
for (const identity of identities) {
  let outcome = 'durable';
  try {
    await store.commit([binding(`10.0.0.${identity.charCodeAt(0)}`, identity)]);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    outcome = 'refused';
  }
  writeSync(1, `${identity} ${outcome}\n`);
}
process.kill(process.pid, 'SIGKILL');
