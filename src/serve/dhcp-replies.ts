/** The end of the DHCP pipeline: decided messages are encoded and sent together, and each leaves one record. */
import type { Facts } from '../boot/facts.ts';
import type { Clock } from '../clock.ts';
import type { Decision, Reply, World } from '../decide/decision.ts';
import { type Destination, PXE_PORT, replyDestination } from '../dhcp/destination.ts';
import { encodePacket } from '../dhcp/encode.ts';
import { FLAG_BROADCAST, type Packet } from '../dhcp/packet.ts';
import { maxReplySize, replyTo } from '../dhcp/reply.ts';
import type { Journal } from '../journal/record.ts';
import type { Nic, Outgoing, UdpSocket } from '../net/udp.ts';
import { areNeighbours, BROADCAST, formatIpv4, formatSubnet } from '../values/ipv4.ts';
import type { BootHistory } from './boot-history.ts';
import type { Clients } from './clients.ts';

/** A client's message. */
export interface Message {
  readonly request: Packet;
  /** Bytes of the datagram. */
  readonly size: number;
  readonly facts: Facts;
  /** Addresses for it that turned out to be in use. */
  conflicts: number;
}

/** A message on its way: everything that its reply will need once the commit is through. */
export interface InFlight extends Message {
  decision: Decision;
}

interface ReplyDependencies {
  /** The NIC as it is now. */
  readonly nic: () => Nic;
  readonly clients: Clients;
  readonly history: BootHistory;
  readonly clock: Clock;
  readonly journal: Journal;
}

/** Encode and send, and one record for each message. */
export function finish(
  deps: ReplyDependencies,
  inFlight: readonly InFlight[],
  socket: UdpSocket,
  world: World,
): void {
  const { now } = world;
  const outgoing: Outgoing[] = [];
  for (const message of inFlight) {
    const { facts, decision } = message;
    if (decision.kind === 'reply') {
      const reply = encode(deps, message, decision, world);
      const delay = decision.sending?.delay;
      if (delay === undefined) outgoing.push(reply);
      else deps.clock.after('delayed DHCP reply', delay, () => send(deps, [reply], socket));
      if (decision.bootFile !== undefined) deps.clients.boots(facts.mac, now);
      // Of what we give away the lease tells. In a DISCOVER ciaddr means nothing (RFC 2131 table 5): some firmware leaves
      // there what it had once.
      if (decision.yiaddr === 0 && facts.ciaddr !== 0 && facts.message !== 'DISCOVER')
        deps.clients.holds(facts.ciaddr, facts.mac);
    }
    tell(deps.journal, facts, decision, now);
    noteLoop(deps, facts, decision, now);
  }
  send(deps, outgoing, socket);
}

function send(
  { journal, clock }: Pick<ReplyDependencies, 'journal' | 'clock'>,
  outgoing: readonly Outgoing[],
  socket: UdpSocket,
): void {
  if (outgoing.length === 0) return;
  for (const { index, code } of socket.send(outgoing).failed) {
    const to = outgoing[index];
    const detail = { to: to === undefined ? undefined : `${formatIpv4(to.to)}:${to.port}`, code };
    journal.write({
      kind: 'notice',
      at: clock.wall(),
      level: 'warn',
      message: 'a reply could not be sent',
      nic: socket.nic.name,
      detail,
    });
  }
}

/** Warns once of a machine that goes in circles. */
function noteLoop(
  { history, journal }: ReplyDependencies,
  facts: Facts,
  decision: Decision,
  now: number,
): void {
  const { nic, port } = facts.arrival;
  // Port 4011 is the same exchange again; a NAK and most silences say nothing of what to boot.
  const tells = decision.kind === 'reply' ? decision.type !== 'NAK' : decision.code === 'NOTHING_TO_BOOT';
  if (port === PXE_PORT || !tells) return;
  const told = decision.kind === 'reply' ? decision.bootFile : undefined;
  const loop = history.told(facts, told, now);
  if (loop === undefined) return;
  const { file, times, during } = loop;
  const seconds = Math.round(during / 1000);
  journal.write({
    kind: 'notice',
    at: now,
    level: 'warn',
    code: 'BOOT_LOOP',
    mac: facts.mac,
    nic,
    message: `this machine goes in circles: it was told ${file} ${times} times in ${seconds} s`,
    detail: {
      file,
      times,
      seconds,
      stage: facts.stage,
      profile: decision.profile,
      toldNow: told ?? 'nothing to boot',
    },
  });
}

function encode(
  deps: ReplyDependencies,
  { request: asked, size, facts }: Message,
  decision: Reply,
  { policy, now }: World,
): Outgoing {
  const { type, yiaddr, siaddr, serverId, bootFile, sending } = decision;
  // As if the client had asked for it, so that a relay does so too.
  const request = sending?.broadcast === true ? { ...asked, flags: asked.flags | FLAG_BROADCAST } : asked;
  const reply = replyTo(request, {
    type,
    yiaddr,
    siaddr,
    serverId,
    file: bootFile,
    options: decision.options,
    always: decision.always,
  });
  const { bytes, dropped } = encodePacket(reply, {
    maxSize: maxReplySize(request, size),
    overload: policy.overload,
  });
  if (dropped.length > 0) {
    deps.journal.write({
      kind: 'notice',
      at: now,
      level: 'warn',
      mac: facts.mac,
      message: 'options left out: the client takes no larger reply',
      detail: { options: dropped },
    });
  }
  const to = deliverable(replyDestination(request, { type, yiaddr }, facts.arrival), deps.nic());
  return { to: to.address, port: to.port, head: bytes, neighbour: to.neighbour };
}

/**
 * A neighbour is one to the kernel only where the NIC has an address of the same subnet. Of another subnet on its link (a
 * shared network, option 118) a route tells where the reply goes, and that is the gateway wherever there is a default route.
 * The client hears a broadcast too (RFC 2131 §4.1).
 */
function deliverable(to: Destination, { addresses }: Nic): Destination {
  if (to.neighbour === undefined) return to;
  const onLink = addresses.some(({ address, prefix }) => areNeighbours(to.address, address, prefix));
  return onLink ? to : { address: BROADCAST, port: to.port };
}

function tell(journal: Journal, facts: Facts, decision: Decision, now: number): void {
  const reply = decision.kind === 'reply' ? decision : undefined;
  const ignored = decision.kind === 'ignore' ? decision : undefined;
  journal.write({
    kind: 'decision',
    at: now,
    mac: facts.mac,
    nic: facts.arrival.nic,
    port: facts.arrival.port,
    message: facts.message,
    reply: reply === undefined ? undefined : (reply.type ?? 'BOOTREPLY'),
    code: ignored?.code,
    ip: reply === undefined || reply.yiaddr === 0 ? undefined : reply.yiaddr,
    arch: facts.arch,
    stage: facts.stage,
    profile: decision.profile,
    file: reply?.bootFile,
    reason: decision.reason,
    quirks: decision.quirks,
    exhausted: ignored?.subnet === undefined ? undefined : formatSubnet(ignored.subnet),
  });
}
