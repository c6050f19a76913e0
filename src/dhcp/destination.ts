/**
 * Where a reply goes, as data computed from the packets (RFC 2131 §4.1). The socket code only carries it out.
 */
import { BROADCAST, type Ipv4, UNSPECIFIED } from '../values/ipv4.ts';
import { formatMac, type Mac } from '../values/mac.ts';
import { OPTION } from './codes.ts';
import { messageType } from './message.ts';
import { FLAG_BROADCAST, type MessageName, type Packet } from './packet.ts';
import { isShapeError } from './shapes/shape.ts';
import { decodeSuboptions } from './suboptions.ts';

export interface Destination {
  readonly address: Ipv4;
  readonly port: number;
  /** Set when the client holds no address yet but asked for unicast: deliver to this link address. */
  readonly neighbour?: Mac | undefined;
}

/** What the rule needs of the reply. */
export interface ReplyKind {
  /** Undefined for BOOTP. */
  readonly type: MessageName | undefined;
  readonly yiaddr: Ipv4;
}

/** What it needs of the datagram that brought the request. */
export interface ArrivedAt {
  /** Our port: 67 or 4011. */
  readonly port: number;
  readonly source: Ipv4;
  readonly sourcePort: number;
}

export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;
export const PXE_PORT = 4011;

const ETHERNET = 1;

/** The cases in the order of RFC 2131 §4.1, with INFORM before the relay and PXE's port 4011 after it. */
export function replyDestination(request: Packet, reply: ReplyKind, arrival: ArrivedAt): Destination {
  // A client that sends an INFORM has its address, so its answer needs no relay: relays send to yiaddr, which that
  // answer may not have (§4.3.5).
  if (request.ciaddr !== UNSPECIFIED && messageType(request) === 'INFORM' && arrival.port !== PXE_PORT) {
    return { address: request.ciaddr, port: CLIENT_PORT };
  }

  // Any other request that a relay forwarded MUST be answered to that relay, at the server port, the broadcast flag or
  // not; the relay delivers the last hop and reads the flag itself.
  if (request.giaddr !== UNSPECIFIED) return { address: request.giaddr, port: relayPort(request, arrival) };

  // A PXE client asks port 4011 from an address it already holds and from a port of its choice (UEFI from 4011, iPXE
  // from 68), and listens only there. A few broadcast that request before they have an address.
  if (arrival.port === PXE_PORT) {
    const address = arrival.source === UNSPECIFIED ? BROADCAST : arrival.source;
    return { address, port: arrival.sourcePort };
  }

  // Without a relay every NAK MUST be broadcast: the address that the client believes in is the thing denied.
  if (reply.type === 'NAK') return everyone();

  // A client that has an address is answered there.
  const held = heldAddress(request, arrival);
  if (held !== UNSPECIFIED) return { address: held, port: CLIENT_PORT };

  // The flag says that the client cannot receive unicast before its stack is configured: broadcast.
  if ((request.flags & FLAG_BROADCAST) !== 0) return everyone();

  // Otherwise the reply SHOULD be unicast to the new address at the client's link address. Only Ethernet neighbours
  // can be entered, and a proxy's reply names no address at all: the same paragraph allows broadcast then.
  const onEthernet = request.htype === ETHERNET && request.chaddr.length === 6;
  if (reply.yiaddr === UNSPECIFIED || !onEthernet) return everyone();
  return { address: reply.yiaddr, port: CLIENT_PORT, neighbour: formatMac(request.chaddr) };
}

/** RFC 8357 §5.1: a relay that puts sub-option 19 into option 82 listens at the port it sent from. */
const RELAY_SOURCE_PORT = 19;

function relayPort(request: Packet, arrival: ArrivedAt): number {
  const bytes = request.options.get(OPTION.RELAY_AGENT);
  if (bytes === undefined) return SERVER_PORT;
  const suboptions = decodeSuboptions(bytes);
  return !isShapeError(suboptions) && suboptions.has(RELAY_SOURCE_PORT) ? arrival.sourcePort : SERVER_PORT;
}

function everyone(): Destination {
  return { address: BROADCAST, port: CLIENT_PORT };
}

/**
 * The address at which the client can be reached already. ciaddr by the RFC; but table 5 has it zero in a DISCOVER
 * and in a REQUEST that names its address by option 50, and clients that fill it there do not answer on it, so it
 * counts for nothing in those. An INFORM MUST be answered to ciaddr (§4.3.5); one that forgot it is answered to
 * where it came from.
 */
function heldAddress(request: Packet, arrival: ArrivedAt): Ipv4 {
  const type = messageType(request);
  if (type === 'DISCOVER') return UNSPECIFIED;
  if (type === 'REQUEST' && request.options.has(OPTION.REQUESTED_ADDRESS)) return UNSPECIFIED;
  if (type === 'INFORM' && request.ciaddr === UNSPECIFIED) return arrival.source;
  return request.ciaddr;
}
