/** What DHCP and PXE really said on a rack's wires: tcpdump on the bridge, its capture taken apart. */
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { createFeed } from './feed.ts';
import { readLines } from './lines.ts';
import { BRIDGE, type Rack } from './rack.ts';

/** One UDP datagram over IPv4. */
export interface CapturedDatagram {
  /** Unix milliseconds. */
  readonly at: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export interface Capture {
  /** Ends the capture: everything seen, in order. */
  stop(): Promise<CapturedDatagram[]>;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;
const UDP_HEADER = 8;

/** A frame tcpdump was told to pick: Ethernet, IPv4, UDP, unfragmented. */
function dissect(frame: DataView, at: number): CapturedDatagram {
  const ip = ETHERNET_HEADER;
  const udp = ip + (frame.getUint8(ip) & 15) * 4;
  const start = frame.byteOffset + udp + UDP_HEADER;
  const length = frame.getUint16(udp + 4) - UDP_HEADER;
  return {
    at,
    source: formatIpv4(frame.getUint32(ip + 12)),
    sourcePort: frame.getUint16(udp),
    destination: formatIpv4(frame.getUint32(ip + 16)),
    destinationPort: frame.getUint16(udp + 2),
    payload: new Uint8Array(frame.buffer.slice(start, start + length)),
  };
}

/** A classic pcap file as tcpdump writes it on this machine: little-endian, microseconds, Ethernet. */
function parsePcap(file: Buffer): CapturedDatagram[] {
  const view = new DataView(new Uint8Array(file).buffer);
  if (view.byteLength < FILE_HEADER || view.getUint32(0, true) !== 0xa1b2c3d4) {
    throw new Error('tcpdump wrote no pcap file');
  }
  const found: CapturedDatagram[] = [];
  let offset = FILE_HEADER;
  while (offset + RECORD_HEADER <= view.byteLength) {
    const at = view.getUint32(offset, true) * 1000 + Math.floor(view.getUint32(offset + 4, true) / 1000);
    const length = view.getUint32(offset + 8, true);
    found.push(dissect(new DataView(view.buffer, offset + RECORD_HEADER, length), at));
    offset += RECORD_HEADER + length;
  }
  return found;
}

/** Captures DHCP (67, 68) and PXE (4011) on the rack's bridge; resolves once nothing can be missed any more. */
export async function startCapture(rack: Rack): Promise<Capture> {
  const filter = 'udp and (port 67 or port 68 or port 4011)';
  // Enough for every frame of a bridge. Without a limit a slot of the kernel's ring takes 256 KiB and the ring holds eight
  // frames, so that a busy machine loses the ninth.
  const size = ['-s', '2048', '-B', '8192'];
  const flags = ['-i', BRIDGE, '-n', '-U', '--immediate-mode', ...size, '-w', '-'];
  const tcpdump = rack.wires.spawn('tcpdump', [...flags, filter]);
  const chunks: Buffer[] = [];
  tcpdump.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const messages = createFeed<string>((line) => line);
  if (tcpdump.stderr !== null) readLines(tcpdump.stderr, messages.push);
  const gone = new Promise<void>((resolve) => {
    tcpdump.once('close', () => {
      messages.end('tcpdump ended');
      resolve();
    });
  });
  await messages.waitFor('tcpdump listens', (line) => line.includes('listening on'), { seconds: 10 });
  return {
    async stop() {
      tcpdump.kill('SIGTERM');
      await gone;
      return parsePcap(Buffer.concat(chunks));
    },
  };
}
