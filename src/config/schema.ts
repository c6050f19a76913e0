/** pilotlight.yaml as its author writes it. The source of truth for its keys; docs/schema/pilotlight.schema.json comes from it. */
import * as z from 'zod';
import { parseRange, type Range } from '../values/ipv4.ts';
import {
  amount,
  duration,
  hostAddress,
  integer,
  mapping,
  oneOrMany,
  refuse,
  subnet,
  text,
  textAs,
} from '../yaml/shapes.ts';
import { optionMap } from './options.ts';
import { quirksSchema } from './quirks.ts';

/** RFC 2131 §3.3: 0xffffffff stands for infinity, so the longest lease in whole days is one day short of it. */
const MAX_LEASE_SECONDS = 49_710 * 86_400;

const path = () => text('a path');

const pool = textAs<Range>('a range such as 10.11.11.50-10.11.11.199, or one address', (written) => {
  const range = parseRange(written);
  if (range !== undefined) return range;
  const [first, last, ...rest] = written.split('-').map((part) => part.trim());
  const backwards = rest.length === 0 && parseRange(`${last}-${first}`) !== undefined;
  return backwards
    ? refuse({ message: 'the range ends before it begins', hint: `write ${last}-${first}` })
    : refuse();
});

/** Linux: at most 15 bytes, no slash, no white space (dev_valid_name). */
const nic = textAs('the name of a NIC such as eth1', (written) =>
  /^(?!\.{1,2}$)[^/:\s]{1,15}$/.test(written) ? written : refuse(),
);

export const subnetSchema = mapping({
  subnet: subnet().describe('The network, with its prefix length: 10.11.11.0/24.'),
  pools: z
    .array(pool, { error: 'a list of ranges such as 10.11.11.50-10.11.11.199' })
    .optional()
    .describe(
      'Ranges of addresses to give out, both ends included. Without any, only fixed addresses are given.',
    ),
  router: oneOrMany(hostAddress(), 'the address of the router, or a list')
    .optional()
    .describe('DHCP option 3.'),
  dns: oneOrMany(hostAddress(), 'the address of a name server, or a list')
    .optional()
    .describe('DHCP option 6.'),
  domain: text('a domain name such as rack.example').optional().describe('DHCP option 15.'),
  leaseTime: duration('a duration from 1s to 49710d, such as 30s, 10m, 1h or 2d', 1, MAX_LEASE_SECONDS)
    .optional()
    .describe('How long a lease runs: 30s, 10m, 1h, 2d. 1h when absent.'),
  renewTime: duration('a duration such as 30m', 1, MAX_LEASE_SECONDS)
    .optional()
    .describe('T1: when clients renew. Default: half of leaseTime.'),
  rebindTime: duration('a duration such as 50m', 1, MAX_LEASE_SECONDS)
    .optional()
    .describe('T2: when clients ask any server. Default: seven eighths of leaseTime.'),
  reuseTime: duration('a duration such as 15m, or 0s for never', 0, MAX_LEASE_SECONDS)
    .optional()
    .describe(
      'A client that asks anew this soon after its lease began is told the same lease, with what is left of it, and nothing is written: a machine asks three or four times while it boots. Default: a quarter of leaseTime.',
    ),
  clientIdentity: z
    .enum(['client-id', 'mac'])
    .optional()
    .describe(
      'What a client is known by. mac: ROM, iPXE and the installed system keep one address although each sends another identifier; of subnets that share a network, mac for one is mac for all. Default: client-id.',
    ),
  network: text('the name of a shared network')
    .optional()
    .describe('Subnets with the same name are on one link: a client gets an address of any of them.'),
  bootp: z
    .boolean()
    .optional()
    .describe('Give BOOTP clients addresses of the pools, for good. Default: false: fixed addresses only.'),
  options: optionMap().optional().describe('Further DHCP options by name or number.'),
});

export type WrittenSubnet = z.output<typeof subnetSchema>;

const dhcp = mapping({
  mode: z
    .enum(['full', 'proxy', 'off'])
    .optional()
    .describe(
      'full: give out addresses. proxy: only boot information, beside another DHCP server. Default: proxy.',
    ),
  authoritative: z
    .boolean()
    .optional()
    .describe(
      'Full mode: answer requests for addresses that are wrong on this network with a NAK. Default: true.',
    ),
  conflictCheck: z
    .enum(['arp', 'icmp', 'off'])
    .optional()
    .describe(
      'Full mode: how an address is probed before it is offered for the first time. arp: on the link, and by ICMP for clients behind relays. icmp: by ICMP for all. Default: arp.',
    ),
  options: optionMap().optional().describe('Full mode: DHCP options of every subnet; the nearest wins.'),
  overload: z
    .boolean()
    .optional()
    .describe('Put options that find no room into file and sname (option 52). Default: false.'),
  subnets: z
    .array(subnetSchema, { error: 'a list of subnets' })
    .optional()
    .describe('Full mode: the networks to give addresses of.'),
});

const tftp = mapping({
  root: path().optional().describe('The directory served first. Default: tftpboot.'),
  search: z
    .array(path(), { error: 'a list of directories' })
    .optional()
    .describe('Further read-only directories, tried in order. Default: /usr/lib/ipxe.'),
  transferPort: integer('a UDP port, 0 to 65535', 0, 65_535)
    .optional()
    .describe(
      'The port that transfers come from, over IPv4 and IPv6. 0: any free port. 69: single-port mode. Default: 0.',
    ),
  maxBlockSize: integer('bytes of a block, 8 to 65464', 8, 65_464)
    .optional()
    .describe(
      'The largest block that is granted (blksize), for paths narrower than the NIC: MTU of the path minus 32, such as 1432 behind a tunnel of 1464; over IPv6, whose header is longer, 20 less are granted. Never more than fits a frame of the NIC. Default: what fits that frame.',
    ),
  maxWindow: integer('blocks of a window, 1 to 65535', 1, 65_535)
    .optional()
    .describe('The largest window that is granted (windowsize), in blocks. Default: 64.'),
  cache: amount('an amount from 1MB to 1000GB, such as 512MB or 2GiB', 1e6, 1e12)
    .optional()
    .describe(
      'Memory for whole files, shared by TFTP and HTTP: 512MB, 2GiB. Larger files are read as they are sent. Default: 512MiB.',
    ),
  maxTransfers: integer('a number of transfers, 1 to 1000000', 1, 1_000_000)
    .optional()
    .describe(
      'Transfers at one time on each NIC; requests beyond it wait in silence, and clients repeat them. One address gets at most a quarter of it, but always up to 8. Default: 4096.',
    ),
});

const loop = z
  .union(
    [
      textAs<'off'>('off, or a mapping of times and within', (written) =>
        written === 'off' ? written : refuse(),
      ),
      mapping({
        times: integer('a number of times, 2 to 100', 2, 100).optional().describe('Default: 3.'),
        within: duration('a duration from 1s to 1d, such as 2m', 1, 86_400)
          .optional()
          .describe('Default: 2m.'),
      }),
    ],
    { error: 'off, or a mapping of times and within' },
  )
  .describe(
    'When a machine loops: it is told the same boot file so many times within this time. It is warned of, and a profile may have boot.onLoop. off: not looked for.',
  );

export const configSchema = mapping({
  interfaces: z
    .array(nic, { error: 'a list of NICs such as [eth1]' })
    .min(1, { error: 'at least one NIC' })
    .optional()
    .describe(
      'The NICs to serve. Default: every NIC that is up, has an address and is no loopback; full mode requires them named.',
    ),
  serverAddress: hostAddress()
    .optional()
    .describe(
      'The address that clients are told. Default: that of the NIC the packet came in on, which whoever asks over IPv6 is told in any case.',
    ),
  dhcp: dhcp.optional(),
  boot: mapping({
    routerHint: z
      .enum(['auto', 'on', 'off'])
      .optional()
      .describe(
        'Tell a booting machine that asks for IPv6 routers that there is none, so that iPXE does not wait 16 s for one; never where a router advertises. auto: where the rights for it are there (CAP_NET_RAW) and this host is no IPv6 router itself. on: a missing right is an error, and this host may forward IPv6, which must not advertise then. Default: auto.',
      ),
    loop: loop.optional(),
  }).optional(),
  limits: mapping({
    clientRate: integer('messages a second, 1 to 100000', 1, 100_000)
      .optional()
      .describe(
        'DHCP messages a second of one MAC address that are answered; bursts of five times that pass. Default: 10.',
      ),
    offers: integer('a number of offers, 1 to 10000000', 1, 10_000_000)
      .optional()
      .describe(
        'Unanswered offers of pool addresses at one time in one subnet, never more than half of its pools. Default: 65536.',
      ),
  })
    .optional()
    .describe('What one client, or a flood of clients, may cost.'),
  tftp: tftp.optional(),
  http: mapping({
    port: integer('a TCP port, 0 to 65535', 0, 65_535)
      .optional()
      .describe('Default: 8080. 0: any free port.'),
  }).optional(),
  quirks: quirksSchema
    .optional()
    .describe('Firmware that departs from the norm, beside the built-in list of docs/firmware.md.'),
  profiles: path().optional().describe('A directory of *.yaml, watched. Default: profiles.'),
  machines: path().optional().describe('A directory of *.yaml or one file, watched. Default: machines.'),
  state: path().optional().describe('The directory of leases. Default: state.'),
  log: mapping({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .optional()
      .describe('Default: info.'),
  }).optional(),
}).meta({ title: 'pilotlight.yaml', description: 'Configuration of Pilotlight.' });

export type WrittenConfig = z.output<typeof configSchema>;
