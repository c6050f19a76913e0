/** A service with two files and a client, for each test of a file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach } from 'node:test';
import { openPacketClient, openStation, type PacketClient, type Station } from './station.ts';

export interface Attended {
  readonly station: Station;
  /** Another one each test. */
  readonly client: PacketClient;
  /** Closed behind the test, as `client` is. */
  openClient(own?: string): Promise<PacketClient>;
}

const virtual = (path: string) => {
  if (path === 'script.ipxe') return { name: path, text: '#!ipxe\nexit\n' };
  if (path === 'bad') return { failure: 'broken', detail: 'no variable "x"' } as const;
  return undefined;
};

/** Registers what opens and closes them. */
export function attend(): Attended {
  let station: Station;
  let client: PacketClient;
  let opened: PacketClient[] = [];

  async function openClient(own?: string): Promise<PacketClient> {
    const another = await openPacketClient(own);
    opened.push(another);
    return another;
  }

  before(async () => {
    station = await openStation({ virtual });
    writeTexts(station);
  });
  after(() => station.close());
  beforeEach(async () => {
    client = await openClient();
  });
  afterEach(() => {
    for (const each of opened) each.close();
    opened = [];
  });
  return {
    get station() {
      return station;
    },
    get client() {
      return client;
    },
    openClient,
  };
}

/** `hello` of five bytes, `long` of 8000. */
export function writeTexts({ root }: Station): void {
  writeFileSync(join(root, 'hello'), 'hello');
  writeFileSync(join(root, 'long'), 'abcdefgh'.repeat(1000));
}

export const data = (block: number, text: string) =>
  ({ kind: 'data', block, data: Buffer.from(text) }) as const;

/** The next packet, its bytes as a Buffer so that it compares. */
export async function nextPacket(from: PacketClient) {
  const { packet } = await from.next();
  return packet.kind === 'data' ? { ...packet, data: Buffer.from(packet.data) } : packet;
}

/** Events of one file's transfers. */
export const eventsOf = (file: string, where: Station) =>
  where.events().filter((event) => event.endsWith(` ${file}`));
