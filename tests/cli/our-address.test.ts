import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressFlags, ourAddress } from '../../src/cli/our-address.ts';
import type { Nic } from '../../src/net/udp.ts';
import { formatIpv4, formatSubnet } from '../../src/values/ipv4.ts';
import { ip, subnet } from '../leases/rules.ts';
import { NIC } from '../serve/wire.ts';

const nic = (name: string, address?: string): Nic => ({
  ...NIC,
  name,
  addresses: address === undefined ? [] : [{ address: ip(address), prefix: 24 }],
});

const LOOPBACK: Nic = { ...nic('lo', '127.0.0.1'), loopback: true };
const RACK = nic('eth1', '10.11.11.1');
const OFFICE = nic('eth0', '192.168.1.5');

interface Case {
  readonly flags?: AddressFlags;
  readonly interfaces?: readonly string[];
  readonly serverAddress?: string;
  readonly nics: readonly Nic[];
  readonly gives: string;
}

const CASES: Record<string, Case> = {
  'the one NIC there is': { nics: [LOOPBACK, RACK], gives: '10.11.11.1 in 10.11.11.0/24' },
  'the NIC that is configured': {
    interfaces: ['eth1'],
    nics: [OFFICE, RACK],
    gives: '10.11.11.1 in 10.11.11.0/24',
  },
  'several, and none is guessed': {
    nics: [OFFICE, RACK],
    gives: 'several NICs are served: eth0 (192.168.1.5), eth1 (10.11.11.1)',
  },
  '--interface chooses': {
    flags: { interface: 'eth0' },
    nics: [OFFICE, RACK],
    gives: '192.168.1.5 in 192.168.1.0/24',
  },
  '--interface with a name that is not there': {
    flags: { interface: 'eth7' },
    nics: [OFFICE],
    gives: 'there is no NIC eth7',
  },
  '--interface without an address': {
    flags: { interface: 'eth2' },
    nics: [OFFICE, nic('eth2')],
    gives: 'eth2 has no IPv4 address',
  },
  'no address at all': { nics: [LOOPBACK, nic('eth2')], gives: 'no NIC has an address' },
  'serverAddress of the configuration': {
    serverAddress: '10.11.11.254',
    nics: [OFFICE, RACK],
    gives: '10.11.11.254 in 10.11.11.0/24',
  },
  '--interface comes before serverAddress': {
    flags: { interface: 'eth0' },
    serverAddress: '10.11.11.254',
    nics: [OFFICE, RACK],
    gives: '192.168.1.5 in 192.168.1.0/24',
  },
  '--server comes before all, and its network may be a configured one': {
    flags: { server: ip('10.0.0.9'), interface: 'eth0' },
    nics: [OFFICE],
    gives: '10.0.0.9 in 10.0.0.0/24',
  },
  '--server in a network that nothing tells of': {
    flags: { server: ip('172.16.0.9') },
    nics: [OFFICE],
    gives: '172.16.0.9 in no network known',
  },
};

for (const [name, { flags = {}, interfaces, serverAddress, nics, gives }] of Object.entries(CASES)) {
  test(name, () => {
    const dhcp = { subnets: [subnet('10.0.0.0/24', '10.0.0.10-10.0.0.19')] };
    const config = {
      interfaces,
      serverAddress: serverAddress === undefined ? undefined : ip(serverAddress),
      dhcp: { mode: 'full', authoritative: true, conflictCheck: 'off', overload: false, ...dhcp },
    } as const;
    const found = ourAddress(flags, config, nics);
    const told =
      'fault' in found
        ? found.fault
        : `${formatIpv4(found.address)} in ${found.subnet === undefined ? 'no network known' : formatSubnet(found.subnet)}`;
    assert.equal(told, gives);
    if ('fault' in found) assert.ok(found.hint.length > 10);
  });
}
