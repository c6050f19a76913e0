/** Asks beyond the link who uses an address: ICMP echo (RFC 792), by a raw socket that routing carries anywhere. */
import { randomInt } from 'node:crypto';
import { internetChecksum } from '../values/checksum.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { AF_INET, ICMP_FILTER, IPPROTO_ICMP, type Libc, SOCK_RAW, SOL_RAW } from './libc.ts';
import { int32, SOCKADDR_IN_SIZE, setEndpoint } from './memory.ts';
import { drain, openRaw } from './raw.ts';
import type { AnswerHandler, Prober } from './udp.ts';

const ECHO_REPLY = 0;
const ECHO_REQUEST = 8;
/** An echo without data: type, code, checksum, identifier, sequence number. */
const ECHO = { checksum: 2, identifier: 4, size: 8 };
const SOURCE = 12;
/** An IPv4 header with options, and an echo; data behind it does not matter and is cut off. */
const LARGEST = 60 + ECHO.size;

/** Throws NetError. No answer tells a link address. */
export function openEchoProber(libc: Libc, onAnswer: AnswerHandler): Prober {
  const fd = openRaw(libc, AF_INET, SOCK_RAW, IPPROTO_ICMP, 'a raw ICMP socket');
  libc.setsockopt(fd, SOL_RAW, ICMP_FILTER, int32(~(1 << ECHO_REPLY)), 4);
  const identifier = randomInt(0x1_0000);
  const request = Buffer.alloc(ECHO.size);
  request.writeUInt8(ECHO_REQUEST);
  request.writeUInt16BE(identifier, ECHO.identifier);
  request.writeUInt16BE(internetChecksum(request), ECHO.checksum);
  const to = new Uint8Array(SOCKADDR_IN_SIZE);
  const toView = new DataView(to.buffer);

  const close = drain(libc, fd, LARGEST, (bytes) => {
    if (bytes === undefined) return;
    const header = (bytes.readUInt8() & 15) * 4;
    if (bytes.length < header + ECHO.size) return;
    // Every raw socket is shown every reply, those to other programs' pings too.
    if (bytes.readUInt16BE(header + ECHO.identifier) === identifier)
      onAnswer(bytes.readUInt32BE(SOURCE), undefined);
  });
  let closed = false;
  return {
    ask(address: Ipv4) {
      if (closed) return 'EBADF';
      setEndpoint(toView, 0, address, 0);
      return libc.sendto(fd, request, request.length, 0, to, to.length) < 0 ? libc.errno() : undefined;
    },
    close() {
      closed = true;
      close();
    },
  };
}
