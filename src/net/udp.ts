/**
 * The seam between the pure rooms and the network: datagrams in, datagrams out, in batches. Everything here is
 * types; linux.ts implements them by system calls, and tests may implement them over arrays.
 */
import type { IpAddress } from '../values/ip.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import type { Ipv6 } from '../values/ipv6.ts';
import type { Mac } from '../values/mac.ts';

/** A socket speaks one of them, never both. */
export type IpVersion = 4 | 6;

/** A network interface as it was when it was looked at. */
export interface Nic {
  readonly name: string;
  /** The kernel's interface number; a NIC that vanishes and returns gets a new one. */
  readonly index: number;
  readonly mac: Mac;
  /** IPv4 addresses in the kernel's order, the primary first; empty on a NIC without one. */
  readonly addresses: readonly { readonly address: Ipv4; readonly prefix: number }[];
  /** IPv6 addresses that it answers by, as they sort: global ones, unique local ones (fc00::/7), the link-local one last. */
  readonly addresses6: readonly { readonly address: Ipv6; readonly prefix: number }[];
  readonly up: boolean;
  readonly loopback: boolean;
  /** Bytes of IP packet that one frame carries. */
  readonly mtu: number;
}

/** One received datagram. `data` is a view into the batch's slab: valid only until the receive handler returns. */
export interface Datagram<Address extends IpAddress = Ipv4> {
  readonly data: Uint8Array;
  readonly source: Address;
  readonly sourcePort: number;
  /** The IP header's destination (IP_PKTINFO, IPV6_PKTINFO): tells a broadcast or multicast from a unicast. */
  readonly destination: Address;
  /**
   * The NIC's own address that the kernel would answer from (ipi_spec_dst); unspecified (0) on a NIC without an address, and
   * `::` for an IPv6 multicast.
   */
  readonly localAddress: Address;
  /** True when the datagram was longer than the slab's slot and `data` is only its beginning (MSG_TRUNC). */
  readonly truncated: boolean;
}

/** Bytes outside V8's heap, by address and size. Whoever names them keeps them reachable. */
export interface Memory {
  readonly address: number;
  readonly size: number;
}

/** Part of it: sent from where it lies, never copied. */
export interface MemorySlice {
  readonly memory: Memory;
  readonly offset: number;
  readonly length: number;
}

/** Bytes whose raw address is known, and which stay reachable from JavaScript as long as this record is. */
export interface PinnedBuffer extends Memory {
  readonly bytes: Uint8Array;
}

/** One datagram to send: `head`, then `body`, gathered by the kernel into one packet. */
export interface Outgoing<Address extends IpAddress = Ipv4> {
  readonly to: Address;
  readonly port: number;
  /** Copied before send() returns. */
  readonly head: Uint8Array;
  readonly body?: MemorySlice | undefined;
  /** The source address to send from; default: the kernel's choice for that NIC. */
  readonly from?: Address | undefined;
  /**
   * IPv4: the link address of a client that cannot answer ARP yet (RFC 2131 §4.1: unicast to yiaddr at chaddr). A neighbour
   * entry is made first; where the kernel refuses it, the datagram is broadcast instead.
   */
  readonly neighbour?: Mac | undefined;
}

/** What became of a batch. Unsent datagrams are lost, as UDP may lose any: the clients ask again. */
export interface SendResult {
  readonly sent: number;
  /** One entry a failed datagram, in order; `code` is the errno's name: `ENETUNREACH`, `EPERM` (a firewall) … */
  readonly failed: readonly { readonly index: number; readonly code: string }[];
}

/** A UDP socket bound to one NIC. */
export interface UdpSocket<Address extends IpAddress = Ipv4> {
  readonly nic: Nic;
  /** The bound port, also when 0 was asked for. */
  readonly port: number;
  /** Sends the whole batch in as few system calls as the kernel takes. */
  send(batch: readonly Outgoing<Address>[]): SendResult;
  /** Idempotent; the handler is not called again after it returns. */
  close(): void;
}

/** One port of one NIC behind as many sockets as there are threads to read it; see steering.ts for who gets what. */
export interface SharedPort {
  readonly nic: Nic;
  /** The bound port, also when 0 was asked for. */
  readonly port: number;
  /** In the order of socketFor(). They are only opened and closed here. */
  readonly descriptors: readonly number[];
  /** Idempotent. Nobody may use the descriptors any more. */
  close(): void;
}

/** Wakes a thread that waits for datagrams (parked.ts). */
export interface Bell {
  /** Readable while it rings. */
  readonly fd: number;
  ring(): void;
  /** Idempotent. */
  close(): void;
}

/** Called with each batch that one recvmmsg brought, in order of arrival; never empty. */
export type ReceiveHandler<Address extends IpAddress = Ipv4> = (
  batch: readonly Datagram<Address>[],
  socket: UdpSocket<Address>,
) => void;

export interface SocketOptions<Address extends IpAddress = Ipv4> {
  readonly nic: Nic;
  /** 0: any free port. */
  readonly port: number;
  /** Bytes of the largest datagram that will be told whole. */
  readonly slotSize: number;
  readonly onReceive: ReceiveHandler<Address>;
}

/** Asks whether anybody uses an address. */
export interface Prober {
  /** Sends one question. Undefined when it left, else the errno's name: `ENETUNREACH`, `ENETDOWN`, `EPERM` (a firewall) … */
  ask(address: Ipv4): string | undefined;
  /** Idempotent; no answer is told after it returns. */
  close(): void;
}

/** Called with each address that answers, asked or not, and the link address behind it where the answer tells. */
export type AnswerHandler = (address: Ipv4, mac: Mac | undefined) => void;

/** The network as a whole: opens sockets, wakes their handlers, and knows the host's NICs and neighbours. */
export interface Network {
  /** Every NIC of this host, loopback included. */
  nics(): readonly Nic[];
  /** Throws NetError when the port is taken, a right is missing or the NIC is gone. */
  open(options: SocketOptions): UdpSocket;
  /**
   * An IPv4 socket on a port that is neither taken nor needed: what comes to it is heard, and answered from it, whoever has
   * it now or wants it later (beside.ts). `onBeside` is told who has it at present. Throws NetError; it takes CAP_NET_RAW.
   */
  openBeside(options: SocketOptions, onBeside: (holders: string) => void): UdpSocket;
  /** Makes bytes sendable in place. */
  pin(bytes: Uint8Array): PinnedBuffer;
  /** The link address the kernel knows for an IPv4 address on one of our links, if any. */
  neighbour(address: Ipv4): Mac | undefined;
  /**
   * Asks on one NIC's own link, by ARP probes (RFC 5227 §2.1.1). `nic` tells it as it is now: its link address may
   * change. Throws NetError; it takes CAP_NET_RAW.
   */
  arpProber(nic: () => Nic, onAnswer: AnswerHandler): Prober;
  /** Asks anywhere, by ICMP echo. Throws NetError; it takes CAP_NET_RAW. */
  echoProber(onAnswer: AnswerHandler): Prober;
  /**
   * Calls back, often several times, when a NIC came, went, was set up or down, or got or lost an address.
   * What it is now, nics() tells. Throws NetError.
   */
  watchNics(onChange: () => void): { close(): void };
  /** Closes every socket still open; none can be opened afterwards. */
  close(): Promise<void>;
}

/** What the network has over IPv6, for those who serve both. */
export interface Ipv6Network {
  /** The errno's name by which the kernel, or a policy, refuses IPv6 to this process; undefined: it may have it. */
  ipv6Refusal(): string | undefined;
  /** As Network.open(), beside an IPv4 socket on the same port. */
  open6(options: SocketOptions<Ipv6>): UdpSocket<Ipv6>;
  /** The link address that the kernel knows for an address on a NIC's link, or, without `nic`, on any. */
  neighbour6(address: Ipv6, nic?: Nic): Mac | undefined;
}

/** What the network gives to threads that read sockets by themselves (parked.ts). */
export interface ThreadNetwork {
  /** `port` 0: any free port. Throws NetError. */
  openShared(version: IpVersion, nic: Nic, port: number, count: number): SharedPort;
  /** Throws NetError. Who asked closes it, since a thread may still wait for it when the network closes. */
  bell(): Bell;
}

/** Closed set: each has its own advice. */
export type NetErrorCode = 'PORT_TAKEN' | 'NO_PERMISSION' | 'NO_SUCH_NIC' | 'NIC_DOWN' | 'UNSUPPORTED';

/** A socket that cannot be had. `message` names the NIC, the port and, where /proc tells, the process that holds it. */
export class NetError extends Error {
  override readonly name = 'NetError';
  readonly code: NetErrorCode;
  /** What the operator can do, one sentence. */
  readonly hint: string;
  constructor(code: NetErrorCode, message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
