/** Firmware at a wire, packet by packet: what a PXE or HTTP boot ROM sends, and the answers to it, whoever they are from. */
import assert from 'node:assert/strict';
import { LINK_BROADCAST, type UdpFrame } from '../conformance/frames.ts';
import { type Link, openLink } from '../conformance/link.ts';
import {
  type Reply,
  readReply,
  text,
  u8,
  u16,
  type WireOption,
  writeMessage,
} from '../conformance/message.ts';
import type { Namespace } from '../lab/netns.ts';

/** Far more than an idle machine needs, since this one may be busy with other tests. */
const SECONDS = 30;

/** Option 55 of EDK2's PXE client; its HTTP boot and iPXE ask for the same that matters. */
const ASKED: WireOption = [55, [1, 3, 6, 43, 60, 66, 67, 97, 175].map(u8).join('')];

export interface Answer extends Reply {
  /** `10.77.0.1:67` */
  readonly from: string;
  readonly to: string;
}

export interface BootClient {
  readonly mac: string;
  /** Broadcasts a DISCOVER and waits for the OFFER of this server. */
  discover(server: string): Promise<Answer>;
  /** Asks port 4011 from an address that it holds, as a boot server is asked; `item`: of a menu. */
  ask4011(
    own: string,
    server: string,
    item?: { readonly type: number; readonly layer: number },
  ): Promise<Answer>;
  /** The same, and proves that no answer comes: another question is answered afterwards and this one still is not. */
  ask4011InVain(
    own: string,
    server: string,
    item: { readonly type: number; readonly layer: number },
  ): Promise<void>;
}

export interface BootWire {
  readonly link: Link;
  /** `HTTPClient` for UEFI HTTP Boot. `more`: what else it sends, as iPXE does. */
  client(
    mac: string,
    arch: number,
    kind?: 'PXEClient' | 'HTTPClient',
    more?: readonly WireOption[],
  ): BootClient;
  close(): void;
}

/** The boot file as firmware reads it: option 67 where there is one, else the header's field. */
export function fileOf({ options, file }: Reply): string {
  const told = options[67];
  return told === undefined ? file : textOf(told);
}

/** Hex up to a NUL → text. */
export function textOf(hex: string | undefined): string {
  return Buffer.from(hex ?? '', 'hex')
    .toString('latin1')
    .replace(/\0+$/, '');
}

let lastXid = 0x4100_0000;

/** Takes over a NIC. `serverMac`: the link address to which unicast goes. */
export function openBootWire(namespace: Namespace, nic: string, serverMac: string): BootWire {
  const link = openLink(namespace, nic);

  async function answerTo(frame: UdpFrame, xid: number, from: string): Promise<Answer> {
    const start = link.frames.all.length;
    link.send(frame);
    const seen = await link.frames.waitFor(
      `an answer of ${from}`,
      (each) =>
        each.kind === 'udp' &&
        `${each.source}:${each.sourcePort}` === from &&
        each.payload.length > 240 &&
        readReply(each.payload).xid === xid,
      { seconds: SECONDS, from: start },
    );
    assert.ok(seen.kind === 'udp');
    return {
      ...readReply(seen.payload),
      from: `${seen.source}:${seen.sourcePort}`,
      to: `${seen.destination}:${seen.destinationPort}`,
    };
  }

  function client(
    mac: string,
    arch: number,
    kind = 'PXEClient',
    more: readonly WireOption[] = [],
  ): BootClient {
    const own: readonly WireOption[] = [
      ASKED,
      [93, u16(arch)],
      [94, '010300'],
      [60, text(`${kind}:Arch:${String(arch).padStart(5, '0')}:UNDI:003000`)],
      [97, `00${'11'.repeat(16)}`],
      ...more,
    ];
    const frame = { linkSource: mac, linkDestination: LINK_BROADCAST };

    function question(address: string, server: string, item?: { type: number; layer: number }) {
      lastXid += 1;
      const chosen: WireOption[] =
        item === undefined ? [] : [[43, `4704${u16(item.type)}${u16(item.layer)}ff`]];
      const payload = writeMessage({
        xid: lastXid,
        chaddr: mac,
        ciaddr: address,
        options: [[53, '03'], ...own, ...chosen],
      });
      // EDK2 asks from port 4011, and listens only there.
      const sent = { ...frame, linkDestination: serverMac, source: address, sourcePort: 4011, payload };
      return { xid: lastXid, frame: { ...sent, destination: server, destinationPort: 4011 } };
    }

    const self: BootClient = {
      mac,
      discover(server) {
        lastXid += 1;
        const payload = writeMessage({
          xid: lastXid,
          chaddr: mac,
          flags: 0x8000,
          options: [[53, '01'], ...own],
        });
        const ports = {
          source: '0.0.0.0',
          sourcePort: 68,
          destination: '255.255.255.255',
          destinationPort: 67,
        };
        return answerTo({ ...frame, ...ports, payload }, lastXid, `${server}:67`);
      },
      ask4011(address, server, item) {
        link.holds(address, mac);
        const { xid, frame: asked } = question(address, server, item);
        return answerTo(asked, xid, `${server}:4011`);
      },
      async ask4011InVain(address, server, item) {
        link.holds(address, mac);
        const { xid, frame: asked } = question(address, server, item);
        link.send(asked);
        await self.ask4011(address, server);
        const answered = link.frames.all.some(
          (each) =>
            each.kind === 'udp' &&
            each.payload.length > 240 &&
            Buffer.from(each.payload).readUInt32BE(4) === xid &&
            each.sourcePort === 4011,
        );
        assert.equal(answered, false, 'no answer');
      },
    };
    return self;
  }

  return { link, client, close: () => link.close() };
}
