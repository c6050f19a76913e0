/** Building replies: which header fields are copied and which options go back (RFC 2131 §4.3.1, table 3). */
import type { Ipv4 } from '../values/ipv4.ts';
import { OPTION } from './codes.ts';
import { ByteReader, written } from './cursor.ts';
import { messageType, messageTypeBytes } from './message.ts';
import { OptionList } from './option-list.ts';
import { BOOTREPLY, FLAG_BROADCAST, type MessageName, type OptionBytes, type Packet } from './packet.ts';

export interface ReplyFields {
  /** OFFER, ACK or NAK; undefined answers a BOOTP request, without any option that only DHCP knows. */
  readonly type: MessageName | undefined;
  /** Default 0. Always 0 in a NAK. */
  readonly yiaddr?: Ipv4 | undefined;
  /** The server of the next boot stage; default 0. Always 0 in a NAK. */
  readonly siaddr?: Ipv4 | undefined;
  readonly sname?: string | undefined;
  readonly file?: string | undefined;
  /**
   * The other options in the order wanted. 53, 54, 61 and 82 are set here and ignored in this list. Option 97, which
   * PXE clients expect back (RFC 4578 §2.3), is the caller's: only it knows whether the reply is a PXE one.
   */
  readonly options: OptionBytes;
  /**
   * The options that go even if the client's list (option 55) does not ask for them; the asked ones follow in the list's
   * order. Default: all go. A client that sends no list is sent all too: early Raspberry Pi and BOOTP firmware cannot
   * boot otherwise.
   */
  readonly always?: ReadonlySet<number> | undefined;
  readonly serverId: Ipv4;
}

/** Options of DHCP alone, which a BOOTP client must not be sent (RFC 1534 §2). */
const DHCP_ONLY: ReadonlySet<number> = new Set<number>([
  OPTION.REQUESTED_ADDRESS,
  OPTION.LEASE_TIME,
  OPTION.PARAMETER_LIST,
  OPTION.MESSAGE,
  OPTION.MAX_SIZE,
  OPTION.RENEWAL_TIME,
  OPTION.REBINDING_TIME,
]);

/** What table 3 lets a NAK carry besides 53, 54 and 61; RFC 3046 adds 82. */
const IN_NAK: ReadonlySet<number> = new Set<number>([OPTION.MESSAGE, OPTION.VENDOR_CLASS]);

/** Times of a lease, which an INFORM has none of (RFC 2131 §4.3.5). */
const OF_A_LEASE: ReadonlySet<number> = new Set<number>([
  OPTION.LEASE_TIME,
  OPTION.RENEWAL_TIME,
  OPTION.REBINDING_TIME,
]);

/** Sent in answer to the same option only (RFC 2563 §2, RFC 4702 §4). */
const ECHOING: ReadonlySet<number> = new Set<number>([OPTION.FQDN, OPTION.AUTO_CONFIGURE]);

/** Set by replyTo itself. */
const OWN: ReadonlySet<number> = new Set<number>([
  OPTION.MESSAGE_TYPE,
  OPTION.SERVER_ID,
  OPTION.CLIENT_ID,
  OPTION.RELAY_AGENT,
  OPTION.OVERLOAD,
]);

/**
 * The BOOTREPLY to a request. xid, flags, giaddr, htype and chaddr are the request's, hops and secs 0. The client
 * identifier goes back as it came (RFC 6842 §3, a MUST), so does option 82 (RFC 3046 §2.2), and so does option 118, since
 * a client that sent it discards offers without it (RFC 3011 §2).
 */
export function replyTo(request: Packet, fields: ReplyFields): Packet {
  const nak = fields.type === 'NAK';
  return {
    op: BOOTREPLY,
    htype: request.htype,
    hops: 0,
    xid: request.xid,
    secs: 0,
    flags: replyFlags(request, fields.type),
    ciaddr: replyCiaddr(request, fields.type),
    yiaddr: nak ? 0 : (fields.yiaddr ?? 0),
    siaddr: nak ? 0 : (fields.siaddr ?? 0),
    giaddr: request.giaddr,
    chaddr: request.chaddr,
    sname: nak ? '' : (fields.sname ?? ''),
    file: nak ? '' : (fields.file ?? ''),
    options: replyOptions(request, fields),
  };
}

function replyOptions(request: Packet, fields: ReplyFields): OptionBytes {
  const options = new OptionList();
  if (fields.type !== undefined) {
    options.set(OPTION.MESSAGE_TYPE, messageTypeBytes(fields.type));
    options.set(
      OPTION.SERVER_ID,
      written(4, (writer) => writer.u32(fields.serverId)),
    );
  }
  const { always } = fields;
  const wanted = request.options.get(OPTION.PARAMETER_LIST);
  const filters = always !== undefined && wanted !== undefined && wanted.length > 0;
  fields.options.forEach((bytes, code) => {
    // A client that cannot do without IPv4 must not be told to (RFC 8925 §3.3), so silence on it is no wish.
    if ((filters ? always.has(code) : code !== OPTION.IPV6_ONLY) && isDue(code, request, fields))
      options.set(code, bytes);
  });
  if (filters) chooseWanted(wanted, request, fields, options);
  const clientId = request.options.get(OPTION.CLIENT_ID);
  if (clientId !== undefined) options.set(OPTION.CLIENT_ID, clientId);
  const subnetSelection = request.options.get(OPTION.SUBNET_SELECTION);
  if (subnetSelection !== undefined && isAllowed(OPTION.SUBNET_SELECTION, fields.type)) {
    options.set(OPTION.SUBNET_SELECTION, subnetSelection);
  }
  const relayAgent = request.options.get(OPTION.RELAY_AGENT);
  if (relayAgent !== undefined) options.set(OPTION.RELAY_AGENT, relayAgent);
  return options;
}

/** What the client asks for, in the order in which it asks. */
function chooseWanted(wanted: Uint8Array, request: Packet, fields: ReplyFields, into: OptionList): void {
  for (const code of wanted) {
    // RFC 2132 §3.3: where both are sent, the mask MUST come before the routers.
    if (code === OPTION.ROUTERS && wanted.includes(OPTION.SUBNET_MASK))
      choose(OPTION.SUBNET_MASK, request, fields, into);
    choose(code, request, fields, into);
  }
}

function choose(code: number, request: Packet, fields: ReplyFields, into: OptionList): void {
  const bytes = fields.options.get(code);
  if (bytes !== undefined && isDue(code, request, fields)) into.set(code, bytes);
}

const isDue = (code: number, request: Packet, { type }: ReplyFields): boolean =>
  isAllowed(code, type) && suits(code, request);

function isAllowed(code: number, type: MessageName | undefined): boolean {
  if (OWN.has(code)) return false;
  return type === undefined ? !DHCP_ONLY.has(code) : type !== 'NAK' || IN_NAK.has(code);
}

/** Whether an option belongs into the answer to this request. */
function suits(code: number, request: Packet): boolean {
  if (OF_A_LEASE.has(code)) return messageType(request) !== 'INFORM';
  return !ECHOING.has(code) || request.options.has(code);
}

/** Table 3: an ACK repeats the request's ciaddr, OFFER and NAK have 0. BOOTP repeats it (RFC 951 §3). */
function replyCiaddr(request: Packet, type: MessageName | undefined): Ipv4 {
  return type === 'ACK' || type === undefined ? request.ciaddr : 0;
}

/**
 * The request's flags, and the broadcast bit where a relay would not know how to deliver without: a NAK MUST have it,
 * since the client's address may be wrong on its network (RFC 2131 §4.3.2); and the ACK of an INFORM without ciaddr has
 * no yiaddr that the relay could send to.
 */
function replyFlags(request: Packet, type: MessageName | undefined): number {
  if (request.giaddr === 0) return request.flags;
  const nowhere = request.ciaddr === 0 && messageType(request) === 'INFORM';
  return type === 'NAK' || nowhere ? request.flags | FLAG_BROADCAST : request.flags;
}

/** IP and UDP headers, which option 57 counts in (dnsmasq reads it so too). */
const IP_UDP_HEADERS = 28;
/** RFC 2131 §2: every client takes 576 bytes of IP packet. */
const SMALLEST = 576 - IP_UDP_HEADERS;
/** What one Ethernet frame carries. */
const LARGEST = 1500 - IP_UDP_HEADERS;

/** A BOOTP message, its vendor area of 64 octets included (RFC 951 §3). */
const BOOTP_SIZE = 300;

/**
 * Bytes of DHCP message that this client takes (option 57, RFC 2132 §9.10): 548 to 1472, 548 when it does not say. Many a
 * BOOTP client has room for a message of RFC 951 and not more, unless it sends a longer one itself (dhcpd reads it so
 * too). `asked`: the bytes of its request.
 */
export function maxReplySize(request: Packet, asked: number): number {
  const bytes = request.options.get(OPTION.MAX_SIZE);
  const unsaid = messageType(request) === 'BOOTP' ? Math.min(Math.max(asked, BOOTP_SIZE), LARGEST) : SMALLEST;
  if (bytes === undefined) return unsaid;
  const reader = new ByteReader(bytes);
  const size = reader.u16();
  if (!reader.finished) return unsaid;
  return Math.min(Math.max(size - IP_UDP_HEADERS, SMALLEST), LARGEST);
}
