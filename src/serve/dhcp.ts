/**
 * The DHCP pipeline: each batch of datagrams goes through decode, facts and decide one by one, its lease changes are
 * made durable together, and only then the replies that promise them are encoded and sent together.
 */
import { type Arrival, type Facts, factsOf } from '../boot/facts.ts';
import type { Clock } from '../clock.ts';
import { decide } from '../decide/decide.ts';
import type { Decision, LeaseChange, World } from '../decide/decision.ts';
import { OFFER_HOLD_MS } from '../decide/full.ts';
import { OPTION } from '../dhcp/codes.ts';
import { decodePacket, isMalformed } from '../dhcp/decode.ts';
import { BOOTREQUEST } from '../dhcp/packet.ts';
import { decodePxeBootItem } from '../dhcp/pxe.ts';
import type { Journal } from '../journal/record.ts';
import type { Offer } from '../leases/offers.ts';
import type { LeaseStore } from '../leases/store.ts';
import type { LeaseTable } from '../leases/table.ts';
import {
  type Datagram,
  NetError,
  type Network,
  type Nic,
  type SocketOptions,
  type UdpSocket,
} from '../net/udp.ts';
import { formatIpv4 } from '../values/ipv4.ts';
import type { BootHistory } from './boot-history.ts';
import type { Clients } from './clients.ts';
import { type ConflictCheck, createConflictCheck, type Probed } from './conflicts.ts';
import { commitAll, type Pending } from './dhcp-commits.ts';
import { finish, type InFlight, type Message } from './dhcp-replies.ts';
import type { ClientLimit } from './limits.ts';

export interface DhcpService {
  close(): void;
}

export interface DhcpDependencies {
  readonly network: Network;
  /** The NIC as it is now. */
  readonly nic: () => Nic;
  /** 67, 4011 or both. */
  readonly ports: readonly number[];
  readonly table: LeaseTable;
  readonly store: LeaseStore;
  readonly clients: Clients;
  readonly history: BootHistory;
  readonly clock: Clock;
  readonly limit: ClientLimit;
  readonly journal: Journal;
  /** The world of this moment: read once a batch. */
  readonly world: () => World;
  /** How an address is probed before it is first offered; undefined: not at all. */
  readonly probing?: 'arp' | 'icmp' | undefined;
  /** Messages that may wait for the disk. Default: 16 384. */
  readonly backlog?: number | undefined;
}

/** The largest DHCP message that Ethernet carries, with room to see that a longer one was cut. */
const SLOT_SIZE = 2048;

const DHCP_PORT = 67;

const OVER_LIMIT: Decision = {
  kind: 'ignore',
  code: 'RATE_LIMITED',
  reason: 'this client sends more than limits.clientRate',
};

/** Addresses that may turn out to be in use before its client has to ask anew; most answer within a millisecond. */
const MAX_CONFLICTS = 16;

/** A message that waits for a probe, and the socket that it came by. */
interface Probing {
  readonly message: Message;
  readonly socket: UdpSocket;
}

/** 2 KiB each. A disk that stands still for long must not cost the memory of all that clients send meanwhile. */
const MAX_BACKLOG = 16_384;

interface Service extends DhcpDependencies {
  readonly conflicts: ConflictCheck<Probing> | undefined;
  /** How many messages wait for the disk. */
  uncommitted: number;
}

/** Serves one NIC. Throws NetError when a port, or a socket to probe by, cannot be had. */
export function createDhcpService(deps: DhcpDependencies): DhcpService {
  const resume = (probed: readonly Probed<Probing>[]): void => resumeAll(service, probed);
  const conflicts = deps.probing && createConflictCheck<Probing>({ ...deps, by: deps.probing, resume });
  const service: Service = { ...deps, conflicts, uncommitted: 0 };
  const sockets: UdpSocket[] = [];
  const close = (): void => {
    conflicts?.close();
    for (const socket of sockets) socket.close();
  };
  try {
    for (const port of deps.ports) {
      const onReceive = (batch: readonly Datagram[], socket: UdpSocket): void =>
        receive(service, batch, socket);
      const options: SocketOptions = { nic: deps.nic(), port, slotSize: SLOT_SIZE, onReceive };
      // A proxy leaves port 67 to the DHCP server that this host may have too. 4011 is ours alone.
      const beside = deps.world().policy.mode === 'proxy' && port === DHCP_PORT;
      sockets.push(beside ? openBeside(deps, options) : deps.network.open(options));
    }
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}

/** Without the right to hear beside others it is the port itself, and for nobody else. */
function openBeside({ network, journal, clock }: DhcpDependencies, options: SocketOptions): UdpSocket {
  const { nic, port } = options;
  const tell = (level: 'info' | 'warn', message: string, hint?: string): void =>
    journal.write({
      kind: 'notice',
      at: clock.wall(),
      nic: nic.name,
      level,
      message,
      ...(hint === undefined ? {} : { detail: { hint } }),
    });
  try {
    const onBeside = (holders: string): void =>
      tell('info', `UDP port ${port} of this host is ${holders}'s: machines are answered beside it`);
    return network.openBeside(options, onBeside);
  } catch (error) {
    if (!(error instanceof NetError && error.code === 'NO_PERMISSION')) throw error;
    const socket = network.open(options);
    tell('warn', `${error.message}: no other DHCP server can run on this host`, error.hint);
    return socket;
  }
}

/** By hardware address, which costs more to change than an identifier; InfiniBand has none (RFC 4390 §2.1). */
const limitedBy = ({ mac, clientId = '' }: Facts): string => mac || clientId;

function receive(deps: Service, batch: readonly Datagram[], socket: UdpSocket): void {
  const world = deps.world();
  deps.table.expire(world.now);
  const waiting: InFlight[] = [];
  const pending: Pending[] = [];
  const ready: InFlight[] = [];
  for (const datagram of batch) {
    const message = read(deps, datagram, socket, world.now);
    if (message === undefined) continue;
    const changes = pending.length;
    const decision = deps.limit.allows(limitedBy(message.facts), world.now)
      ? decideOrProbe(deps, message, socket, world, pending)
      : OVER_LIMIT;
    if (decision === undefined) continue;
    (pending.length > changes ? waiting : ready).push(Object.assign(message, { decision }));
  }
  settle(deps, { ready, waiting, pending }, socket, world);
}

/** Goes on with messages whose address was probed: each is decided anew, since time has passed. */
function resumeAll(deps: Service, probed: readonly Probed<Probing>[]): void {
  const world = deps.world();
  deps.table.expire(world.now);
  for (const [socket, messages] of Map.groupBy(probed, ({ message }) => message.socket)) {
    const ready: InFlight[] = [];
    const waiting: InFlight[] = [];
    const pending: Pending[] = [];
    for (const { message: probing, taken } of messages) {
      const { message } = probing;
      if (taken) message.conflicts += 1;
      const changes = pending.length;
      const decision = decideOrProbe(deps, message, socket, world, pending);
      if (decision === undefined) continue;
      (pending.length > changes ? waiting : ready).push(Object.assign(message, { decision }));
    }
    settle(deps, { ready, waiting, pending }, socket, world);
  }
}

/**
 * Answers what needs no commit at once: offers wait for no disk, and a relay, whose socket on Linux has room for some 160
 * replies, is not sent all of them in one burst. Then, once it is through, what does.
 */
function settle(
  deps: Service,
  { ready, waiting, pending }: { ready: InFlight[]; waiting: InFlight[]; pending: readonly Pending[] },
  socket: UdpSocket,
  world: World,
): void {
  finish(deps, ready, socket, world);
  if (pending.length === 0) return;
  const decideAgain = (message: InFlight, again: Pending[]): Decision =>
    decideAndApply(deps, message, world, again);
  deps.uncommitted += pending.length;
  void commitAll(deps, pending, world, decideAgain).then(() => {
    deps.uncommitted -= pending.length;
    finish(deps, waiting, socket, world);
  });
}

/** Decode and facts. What is not a client's message is counted and forgotten. */
function read(
  deps: DhcpDependencies,
  datagram: Datagram,
  socket: UdpSocket,
  now: number,
): Message | undefined {
  const request = decodePacket(datagram.data);
  if (isMalformed(request) || request.op !== BOOTREQUEST) {
    deps.journal.write({
      kind: 'malformed',
      at: now,
      nic: socket.nic.name,
      port: socket.port,
      source: formatIpv4(datagram.source),
      code: isMalformed(request) ? request.malformed : 'BAD_OP',
      detail: isMalformed(request) ? request.detail : 'a BOOTREPLY, which only servers send',
    });
    return undefined;
  }
  const arrival: Arrival = {
    nic: socket.nic.name,
    localAddress: datagram.localAddress || (deps.nic().addresses[0]?.address ?? 0),
    port: socket.port,
    source: datagram.source,
    sourcePort: datagram.sourcePort,
    destination: datagram.destination,
  };
  const facts = deps.history.heard(factsOf(request, arrival), request.xid, now);
  deps.clients.saw(facts);
  return { request, size: datagram.data.length, facts, conflicts: 0 };
}

/** The decision; undefined when the message waits until the address that it would be offered was probed. */
function decideOrProbe(
  deps: Service,
  message: Message,
  socket: UdpSocket,
  world: World,
  pending: Pending[],
): Decision | undefined {
  if (deps.conflicts === undefined) return decideAndApply(deps, message, world, pending);
  const decision = decideOn(message, world);
  const { change, profile } = decision;
  const first = firstOffer(message, change, world);
  if (first === undefined) return apply(deps, message, decision, pending);
  const { offer, fresh } = first;
  if (fresh && message.conflicts >= MAX_CONFLICTS) {
    const reason = `${MAX_CONFLICTS} addresses in a row are in use by others`;
    return { kind: 'ignore', code: 'CONFLICTS', reason, profile };
  }
  const { mac, relay } = message.facts;
  const candidate = { ip: offer.ip, client: mac, relayed: relay !== undefined && relay.giaddr !== 0 };
  switch (deps.conflicts.check(candidate, fresh, { message, socket })) {
    case 'free':
      return apply(deps, message, decision, pending);
    case 'waits':
      deps.table.offer(offer);
      return undefined;
    case 'repeated':
      return {
        kind: 'ignore',
        code: 'PROBING',
        reason: 'it asked again while its address is probed',
        profile,
      };
    case 'crowded': {
      const reason = 'too many addresses are probed at this moment';
      return { kind: 'ignore', code: 'PROBES_LIMITED', reason, profile };
    }
  }
}

/** What a client would be given and does not use yet. A BOOTP client's first message is also its last: it is like an offer. */
function firstOffer(
  { facts }: Message,
  change: LeaseChange | undefined,
  { now }: World,
): { readonly offer: Offer; readonly fresh: boolean } | undefined {
  if (change?.kind === 'offer') return change;
  if (change?.kind !== 'bind' || facts.message !== 'BOOTP') return undefined;
  const { ip, identity } = change.binding;
  return {
    offer: { ip, identity, since: now, expiresAt: now + OFFER_HOLD_MS },
    fresh: change.fresh === true,
  };
}

function decideOn({ facts, request: { options } }: Message, world: World): Decision {
  const vendorOptions = options.get(OPTION.VENDOR_OPTIONS);
  const bootItem = vendorOptions === undefined ? undefined : decodePxeBootItem(vendorOptions);
  return decide({ facts, uuid: options.get(OPTION.CLIENT_UUID), bootItem }, world);
}

const decideAndApply = (deps: Service, message: Message, world: World, pending: Pending[]): Decision =>
  apply(deps, message, decideOn(message, world), pending);

/** Puts the change in force in memory at once, so that the rest of the batch sees it. */
function apply(deps: Service, message: Message, decision: Decision, pending: Pending[]): Decision {
  const change: LeaseChange | undefined = decision.change;
  if (change?.kind === 'offer') deps.table.offer(change.offer);
  else if (change?.kind === 'withdraw') deps.table.withdraw(change.ip);
  else if (change?.kind === 'bind') {
    if (deps.uncommitted + pending.length >= (deps.backlog ?? MAX_BACKLOG)) {
      const reason = 'too many leases wait for the disk: a client asks again';
      return { kind: 'ignore', code: 'STORE_FAILED', reason, profile: decision.profile };
    }
    const { binding } = change;
    pending.push({ inFlight: message as InFlight, binding, before: deps.table.bind(binding) });
  }
  return decision;
}
