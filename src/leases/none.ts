/** The store of a server that leases nothing (proxy mode): nothing on disk, and no binding is ever taken. */
import { type LeaseStore, StoreUnavailable } from './store.ts';

export function noLeaseStore(): LeaseStore {
  return {
    async load() {},
    async commit() {
      throw new StoreUnavailable('this server leases no addresses', 'set dhcp.mode: full to lease addresses');
    },
    async close() {},
  };
}
