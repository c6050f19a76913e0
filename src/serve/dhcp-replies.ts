/** The end of the DHCP pipeline: decided messages are encoded and sent together, and each leaves one record. */
import type { Facts } from '../boot/facts.ts';
import type { Decision, Reply, World } from '../decide/decision.ts';
import { replyDestination } from '../dhcp/destination.ts';
import { encodePacket } from '../dhcp/encode.ts';
import type { Packet } from '../dhcp/packet.ts';
import { maxReplySize, replyTo } from '../dhcp/reply.ts';
import type { Journal } from '../journal/record.ts';
import type { Outgoing, UdpSocket } from '../net/udp.ts';
import { formatIpv4, formatSubnet } from '../values/ipv4.ts';
import type { Clients } from './clients.ts';

/** A client's message. */
export interface Message {
  readonly request: Packet;
  readonly facts: Facts;
  /** Addresses for it that turned out to be in use. */
  conflicts: number;
}

/** A message on its way: everything that its reply will need once the commit is through. */
export interface InFlight extends Message {
  decision: Decision;
}

interface ReplyDependencies {
  readonly clients: Clients;
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
  for (const { request, facts, decision } of inFlight) {
    if (decision.kind === 'reply') {
      outgoing.push(encode(deps, request, facts, decision, world));
      // An offered address is not used yet.
      if (decision.yiaddr !== 0 && decision.type !== 'OFFER') deps.clients.holds(decision.yiaddr, facts.mac);
      else if (facts.ciaddr !== 0) deps.clients.holds(facts.ciaddr, facts.mac);
    }
    tell(deps.journal, facts, decision, now);
  }
  if (outgoing.length === 0) return;
  for (const { index, code } of socket.send(outgoing).failed) {
    const to = outgoing[index];
    const detail = { to: to === undefined ? undefined : `${formatIpv4(to.to)}:${to.port}`, code };
    deps.journal.write({
      kind: 'notice',
      at: now,
      level: 'warn',
      message: 'a reply could not be sent',
      nic: socket.nic.name,
      detail,
    });
  }
}

function encode(
  deps: ReplyDependencies,
  request: Packet,
  facts: Facts,
  decision: Reply,
  { policy, now }: World,
): Outgoing {
  const { type, yiaddr, siaddr, serverId, bootFile } = decision;
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
    maxSize: maxReplySize(request),
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
  const to = replyDestination(request, { type, yiaddr }, facts.arrival);
  return { to: to.address, port: to.port, head: bytes, neighbour: to.neighbour };
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
    ip: reply === undefined || reply.yiaddr === 0 ? undefined : formatIpv4(reply.yiaddr),
    arch: facts.arch,
    stage: facts.stage,
    profile: decision.profile,
    file: reply?.bootFile,
    reason: decision.reason,
    exhausted: ignored?.subnet === undefined ? undefined : formatSubnet(ignored.subnet),
  });
}
