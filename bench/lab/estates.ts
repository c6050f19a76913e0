/** What large sites bring along: many subnets, many machines with fixed addresses, many leases of former times. */
import { mkdirSync } from 'node:fs';
import { COLUMNS, openLeaseFile } from '../../src/leases/lease-file.ts';
import { formatIpv4, parseRange } from '../../src/values/ipv4.ts';
import { formatMac } from '../../src/values/mac.ts';

export interface Estate {
  /** As in pilotlight.yaml. */
  readonly subnets: readonly object[];
  /** As in a file of machines. */
  readonly machines: readonly object[];
}

/** 172.16.0.0/12 has 4096 networks of this size. */
const FIRST = 0xac10_0000;
const NETWORK_SIZE = 256;

/** MAC addresses that perfdhcp does not use. */
const macOf = (index: number) =>
  formatMac(Uint8Array.of(2, 0x50, index >>> 24, index >>> 16, index >>> 8, index));

/** A ministry's real figures: 829 subnets behind relays, 14 404 machines with fixed addresses in them. */
export function ministry(subnets = 829, machines = 14_404): Estate {
  const network = (index: number) => FIRST + index * NETWORK_SIZE;
  return {
    subnets: Array.from({ length: subnets }, (_, index) => ({
      subnet: `${formatIpv4(network(index))}/24`,
      pools: [`${formatIpv4(network(index) + 100)}-${formatIpv4(network(index) + 199)}`],
      router: formatIpv4(network(index) + 1),
    })),
    machines: Array.from({ length: machines }, (_, index) => ({
      name: `machine-${index}`,
      mac: macOf(index),
      ip: formatIpv4(network(index % subnets) + 10 + Math.floor(index / subnets)),
    })),
  };
}

/**
 * Fills a store as years would: leases of other clients that ended an hour ago in the pool that is measured, and what
 * finds no room there in 172.16.0.0/12. Makes the directory.
 */
export function storeOldLeases(directory: string, pool: string, count: number): void {
  const range = parseRange(pool);
  if (range === undefined) throw new Error(`${pool} is no pool`);
  mkdirSync(directory, { recursive: true });
  const database = openLeaseFile(directory);
  const insert = database.prepare(
    `INSERT INTO leases (${COLUMNS}) VALUES (?, ?, ?, NULL, NULL, 'bound', ?, ?)`,
  );
  const ended = Date.now() - 3_600_000;
  const room = range.last - range.first + 1;
  database.exec('BEGIN');
  for (let index = 0; index < count; index++) {
    const mac = macOf(index);
    const ip = index < room ? range.first + index : FIRST + index - room;
    insert.run(ip, `mac:${mac}`, mac, ended + Math.floor(index / 1000), ended - 3_600_000);
  }
  database.exec('COMMIT');
  database.close();
}
