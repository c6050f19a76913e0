/** Lease time, T1 and T2 as options (RFC 2132 §9.2, 9.11, 9.12). */
import { OPTION } from './codes.ts';

/** Seconds from the reply on: T1 and T2 tell when the client renews and rebinds (RFC 2131 §4.4.5). */
export interface LeaseTimes {
  readonly leaseTime: number;
  readonly renewTime: number;
  readonly rebindTime: number;
}

export const leaseTimeOptions = ({
  leaseTime,
  renewTime,
  rebindTime,
}: LeaseTimes): readonly (readonly [number, Uint8Array])[] => [
  [OPTION.LEASE_TIME, u32(leaseTime)],
  [OPTION.RENEWAL_TIME, u32(renewTime)],
  [OPTION.REBINDING_TIME, u32(rebindTime)],
];

const u32 = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
