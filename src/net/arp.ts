/** Asks a link who uses an address: ARP probes (RFC 5227 §2.1.1), by a packet socket on one NIC. */
import type { Ipv4 } from '../values/ipv4.ts';
import { formatMac, macOctets } from '../values/mac.ts';
import type { FilterStep } from './filter.ts';
import { ETH_P_ARP, type Libc, SOCK_DGRAM } from './libc.ts';
import { BPF, linkAddress, openPacketSocket } from './packet.ts';
import { drain } from './raw.ts';
import type { AnswerHandler, Nic, Prober } from './udp.ts';

/** An ARP message for IPv4 on Ethernet (RFC 826). */
const ARP = { operation: 6, senderMac: 8, sender: 14, target: 24, size: 28 };
const ETHERNET_FOR_IPV4 = [0, 1, 8, 0, 6, 4];
const MAC_LENGTH = 6;
const REQUEST = 1;
const REPLY = 2;
/** Room for an Ethernet frame's padding behind the message. */
const LARGEST = 64;

/** Lets replies through and nothing else: all the ARP requests of a large link would wake the event loop for nothing. */
const ONLY_REPLIES: readonly FilterStep[] = [
  [BPF.loadHalfWord, 0, 0, ARP.operation],
  [BPF.jumpIfEqual, 0, 1, REPLY],
  [BPF.take, 0, 0, 0xffff],
  [BPF.take, 0, 0, 0],
];

/** Throws NetError. */
export function openArpProber(libc: Libc, current: () => Nic, onAnswer: AnswerHandler): Prober {
  const nic = current();
  const fd = openPacketSocket(libc, { nic, type: SOCK_DGRAM, protocol: ETH_P_ARP, filter: ONLY_REPLIES });
  const everyone = linkAddress(nic, ETH_P_ARP, new Uint8Array(MAC_LENGTH).fill(0xff));
  const probe = Buffer.alloc(ARP.size);
  probe.set(ETHERNET_FOR_IPV4);
  probe.writeUInt16BE(REQUEST, ARP.operation);

  const close = drain(libc, fd, LARGEST, (bytes) => {
    if (bytes === undefined || bytes.length < ARP.size) return;
    if (!ETHERNET_FOR_IPV4.every((octet, at) => bytes[at] === octet)) return;
    onAnswer(bytes.readUInt32BE(ARP.sender), formatMac(bytes.subarray(ARP.senderMac, ARP.sender)));
  });
  let closed = false;
  return {
    ask(address: Ipv4) {
      if (closed) return 'EBADF';
      const mac = macOctets(current().mac);
      // A tunnel has no link addresses.
      if (mac.length !== MAC_LENGTH) return 'EAFNOSUPPORT';
      probe.set(mac, ARP.senderMac);
      // A sender address of zero: a probe must not enter a wrong address into anybody's table (RFC 5227 §2.1.1).
      probe.writeUInt32BE(address, ARP.target);
      const sent = libc.sendto(fd, probe, probe.length, 0, everyone, everyone.length);
      return sent < 0 ? libc.errno() : undefined;
    },
    close() {
      closed = true;
      close();
    },
  };
}
