/** The site of the table: one LAN, several networks behind relays, each set up for what its rows try. */
import type { ServerSetup } from '../lab/server.ts';
import { SERVER } from './client.ts';

/** The server's own link, 10.77.0.0/16, and what its subnet says. */
export const LAN = { router: '10.77.0.2', dns: '10.77.0.3', lease: 3600, domain: 'rack.example' };

/** Networks behind relays: giaddr, and the addresses that the server hands out there. */
export const RACK = { relay: '10.80.0.1', first: '10.80.0.50', lease: 600, renew: 120, rebind: 480 };
/** Two addresses only. */
export const NARROW = { relay: '10.81.0.1', first: '10.81.0.10', last: '10.81.0.11' };
/** Options of more than one option's length. */
export const WORDY = { relay: '10.82.0.1', long: 224, text: '*'.repeat(400), longer: 225 };
/** Reached by link selection and subnet selection. */
export const SELECTED = { relay: '10.83.0.1', network: '10.83.0.0' };
/** A lease runs one second. */
export const HASTY = { relay: '10.84.0.1' };
/** Clients are told apart by hardware address alone. */
export const BY_MAC = { relay: '10.85.0.1' };
/** BOOTP clients are served from the pool. */
export const OLD = { relay: '10.86.0.1', first: '10.86.0.50' };
/** Two subnets on one link; the first has one address. */
export const SHARED = { relay: '10.87.0.1', only: '10.87.0.50', router: '10.87.0.1', more: '10.88.0' };

/** More options than a reply of 548 bytes holds, none of them long. */
export const CROWDED = {
  relay: '10.89.0.1',
  options: { 224: 'a'.repeat(100), 225: 'b'.repeat(100), 226: 'c'.repeat(100), 227: 'd'.repeat(40) },
};

/** Machines of the inventory; the others of the table are strangers. */
export const IN_POOL = { mac: '52:54:00:aa:00:01', address: '10.77.1.5' };
export const OUTSIDE_POOL = { mac: '52:54:00:aa:00:02', address: '10.77.200.7' };
export const BEHIND_RELAY = { mac: '52:54:00:aa:00:03', address: '10.80.0.10' };
export const DECLINED = { mac: '52:54:00:aa:00:05', address: '10.77.200.9' };
/** Has an option of its own, and a profile with one. */
export const LAYERED = { mac: '52:54:00:aa:00:04', address: '10.77.200.8' };

const PROFILES = `
name: classy
match: { userClass: "rack-*" }
boot: { local: true }
options: { root-path: from-profile }
`;

const MACHINES = [
  { mac: IN_POOL.mac, name: 'in-pool', ip: IN_POOL.address },
  { mac: OUTSIDE_POOL.mac, name: 'outside-pool', ip: OUTSIDE_POOL.address },
  { mac: DECLINED.mac, name: 'declined', ip: DECLINED.address },
  { mac: BEHIND_RELAY.mac, name: 'behind-relay', ip: BEHIND_RELAY.address },
  {
    mac: LAYERED.mac,
    name: 'layered',
    ip: LAYERED.address,
    profile: 'classy',
    options: { 'merit-dump': 'from-machine' },
  },
];

const SUBNETS = [
  {
    subnet: '10.77.0.0/16',
    // The server's own address is in a pool by an operator's mistake.
    pools: [SERVER, '10.77.1.0-10.77.99.255'],
    router: LAN.router,
    dns: LAN.dns,
    domain: LAN.domain,
    leaseTime: `${LAN.lease}s`,
    options: { 'root-path': 'from-subnet', 'merit-dump': 'from-subnet' },
  },
  {
    subnet: '10.80.0.0/24',
    pools: ['10.80.0.50-10.80.0.199'],
    router: RACK.relay,
    leaseTime: `${RACK.lease}s`,
    renewTime: `${RACK.renew}s`,
    rebindTime: `${RACK.rebind}s`,
    reuseTime: '0s',
  },
  { subnet: '10.81.0.0/24', pools: [`${NARROW.first}-${NARROW.last}`] },
  {
    subnet: '10.82.0.0/24',
    pools: ['10.82.0.50-10.82.0.199'],
    router: WORDY.relay,
    options: { [WORDY.long]: { text: WORDY.text }, [WORDY.longer]: { text: '+'.repeat(900) } },
  },
  { subnet: '10.83.0.0/24', pools: ['10.83.0.50-10.83.0.199'] },
  {
    subnet: '10.84.0.0/24',
    pools: ['10.84.0.50-10.84.0.199'],
    leaseTime: '1s',
    rebindTime: '1s',
    renewTime: '1s',
  },
  { subnet: '10.85.0.0/24', pools: ['10.85.0.50-10.85.0.199'], clientIdentity: 'mac' },
  { subnet: '10.86.0.0/24', pools: ['10.86.0.50-10.86.0.199'], bootp: true },
  { subnet: '10.87.0.0/24', pools: [SHARED.only], router: SHARED.router, network: 'shared' },
  {
    subnet: '10.89.0.0/24',
    pools: ['10.89.0.50-10.89.0.199'],
    bootp: true,
    options: Object.fromEntries(Object.entries(CROWDED.options).map(([code, text]) => [code, { text }])),
  },
  { subnet: '10.88.0.0/24', pools: ['10.88.0.50-10.88.0.199'], router: '10.88.0.1', network: 'shared' },
];

export function site(dhcp: Readonly<Record<string, unknown>>): ServerSetup {
  return {
    config: {
      interfaces: ['eth0'],
      log: { level: 'debug' },
      dhcp: {
        mode: 'full',
        conflictCheck: 'off',
        options: { 'ntp-servers': ['10.77.0.9'], 'root-path': 'from-server', 'merit-dump': 'from-server' },
        subnets: SUBNETS,
        ...dhcp,
      },
    },
    texts: { 'profiles/classy.yaml': PROFILES, 'machines/all.yaml': JSON.stringify(MACHINES) },
  };
}
