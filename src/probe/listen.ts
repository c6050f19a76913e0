/** The conversation with servers: one DISCOVER, everybody's offers; one request to port 4011, its answer. */

import type { Clock } from '../clock.ts';
import { encodePacket } from '../dhcp/encode.ts';
import type { Packet } from '../dhcp/packet.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import { bootServerRequest, type Client, discover, type Occasion } from './client.ts';
import { type Finding, finding } from './findings.ts';
import type { Link, OnHeard } from './link.ts';
import { type Offer, readOffer } from './offer.ts';

/** What a conversation needs of the world. */
export interface Wire {
  /** Throws NetError. */
  readonly open: (onHeard: OnHeard) => Link;
  readonly clock: Clock;
  /** A number of 32 bits that nobody else uses now. */
  readonly xid: number;
}

export interface Answers {
  readonly offers: readonly Offer[];
  readonly findings: readonly Finding[];
}

/** An answer of port 4011 that is worth the wait: EDK2 asks six times, in 4 s each; nobody has that patience here. */
const ASK_TIMES = 3;
const ASK_AGAIN_MS = 1500;

/** How many replies are kept: a flood of them must not fill the memory. */
const MOST_OFFERS = 1000;

/** Open for as long as the probe speaks with servers. */
export interface Conversation {
  /** Asks everybody, twice in case one is lost, and listens for all of `ms`. Rejects when nothing can be sent. */
  gather(ms: number): Promise<Answers>;
  /** Asks port 4011 of a server. `from`: our own address, where it answers to. Undefined: it kept silent. */
  ask(server: Ipv4, from: Ipv4, item: number | undefined): Promise<Offer | undefined>;
  close(): void;
}

export function openConversation(client: Client, { open, clock, xid: first }: Wire): Conversation {
  const offers: Offer[] = [];
  const malformed = new Map<Ipv4, string>();
  let began = clock.now();
  // Each question has its own, as with OVMF: an answer that comes twice is then none to the next.
  let xid = first;
  let onOffer: ((offer: Offer) => void) | undefined;

  const link = open((bytes, source) => {
    const afterMs = Math.max(0, Math.round(clock.now() - began));
    const reading = readOffer({ bytes, source, afterMs }, xid, client.mac);
    if ('malformed' in reading) malformed.set(source, reading.malformed);
    if ('offer' in reading) onOffer?.(reading.offer);
  });
  const pause = (name: string, ms: number): Promise<void> =>
    new Promise((resolve) => clock.after(name, ms, resolve));

  const occasion = (): Occasion => ({ xid, secs: Math.floor((clock.now() - began) / 1000) });
  const bytesOf = (packet: Packet): Uint8Array => encodePacket(packet).bytes;

  return {
    async gather(ms) {
      onOffer = (offer) => {
        if (offers.length < MOST_OFFERS && !offers.some((known) => same(known, offer))) offers.push(offer);
      };
      began = clock.now();
      const refused = link.discover(bytesOf(discover(client, occasion())));
      if (refused !== undefined) throw new SendRefused(refused);
      await pause('probe again', ms / 2);
      link.discover(bytesOf(discover(client, occasion())));
      await pause('probe end', ms / 2);
      onOffer = undefined;
      return { offers, findings: [...malformed].map(([source, detail]) => malformedReply(source, detail)) };
    },
    async ask(server, from, item) {
      xid = (xid + 1) >>> 0;
      const answered = Promise.withResolvers<Offer>();
      onOffer = (offer) => {
        if (offer.type === 'ACK') answered.resolve(offer);
      };
      const message = bytesOf(bootServerRequest(client, occasion(), from, item));
      for (let times = 0; times < ASK_TIMES; times++) {
        link.ask(message, server);
        const answer = await Promise.race([answered.promise, pause('probe 4011', ASK_AGAIN_MS)]);
        if (answer !== undefined) return answer;
      }
      return undefined;
    },
    close: () => link.close(),
  };
}

/** The NIC does not send. */
export class SendRefused extends Error {
  override readonly name = 'SendRefused';
  readonly hint =
    'Check that the NIC is up and has a link, and that no firewall of this host drops UDP port 67.';
  constructor(code: string) {
    super(`the DISCOVER cannot be sent (${code})`);
  }
}

/** The answer to our second DISCOVER, or one that came two ways. */
function same(a: Offer, b: Offer): boolean {
  return a.server === b.server && a.address === b.address && a.type === b.type && a.bootFile === b.bootFile;
}

function malformedReply(source: Ipv4, detail: string): Finding {
  return finding(
    'MALFORMED_REPLY',
    `${formatIpv4(source)} sent an answer that cannot be read: ${detail}`,
    'Firmware drops it. Look for options that a server writes by hand, and for what cuts packets on the way.',
  );
}
