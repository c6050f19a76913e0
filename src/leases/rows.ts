/** A binding as a row of leases.db, which is also how it goes from thread to thread. */
import type { Binding, BindingState } from './store.ts';

/** In the order of COLUMNS. Arrays cost half of what objects do, to read and to send. */
export type Row = readonly [
  ip: number,
  identity: string,
  mac: string,
  clientId: string | null,
  hostname: string | null,
  state: BindingState,
  expiresAt: number,
  touchedAt: number,
];

export function rowOf(binding: Binding): Row {
  return [
    binding.ip,
    binding.identity,
    binding.mac,
    binding.clientId ?? null,
    binding.hostname ?? null,
    binding.state,
    Math.round(binding.expiresAt),
    Math.round(binding.touchedAt),
  ];
}

export function bindingOf(row: Row): Binding {
  const [ip, identity, mac, clientId, hostname, state, expiresAt, touchedAt] = row;
  return {
    ip,
    identity,
    mac,
    clientId: clientId ?? undefined,
    hostname: hostname ?? undefined,
    state,
    expiresAt,
    touchedAt,
  };
}
