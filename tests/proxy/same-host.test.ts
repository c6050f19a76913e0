/**
 * proxyDHCP on the very host and NIC of the site's DHCP server: both answer a DISCOVER, whichever of them was first, and after
 * either has started anew.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LINK_BROADCAST } from '../conformance/frames.ts';
import { type Reply, readReply, text, u16, writeMessage } from '../conformance/message.ts';
import { FOREIGN, startForeign } from '../dialects/foreign.ts';
import { openLab } from '../lab/netns.ts';
import { makeScratch } from '../lab/scratch.ts';
import { type Server, startServer } from '../lab/server.ts';
import { type BootWire, fileOf, openBootWire, textOf } from './client.ts';

const HOST = '10.77.0.1';
const HOST_MAC = '52:54:00:00:00:fe';
const MAC = '52:54:00:aa:00:01';
const SECONDS = 30;

/** By default dnsmasq shares its port with nobody, told to keep to its NICs with whoever wants. */
const SERVERS = {
  ...FOREIGN,
  'dnsmasq with bind-interfaces': { ...FOREIGN.dnsmasq, lines: 'bind-interfaces' },
};

let lastXid = 0x4200_0000;

interface Sent {
  readonly source: string;
  readonly destination: string;
  readonly link: string;
  readonly hex: readonly (readonly [number, string])[];
  readonly ciaddr?: string;
  readonly giaddr?: string;
}

/** Sends from port 68, as a relay from port 67, to port 67 and waits until every one of `wanted` has been answered. */
async function ask(
  wire: BootWire,
  sent: Sent,
  wanted: readonly ((reply: Reply) => boolean)[],
): Promise<Reply[]> {
  lastXid += 1;
  const xid = lastXid;
  const from = wire.link.frames.all.length;
  const flags = sent.ciaddr === undefined ? 0x8000 : 0;
  const { ciaddr = '0.0.0.0', giaddr = '0.0.0.0', hex } = sent;
  const payload = writeMessage({ xid, chaddr: MAC, flags, ciaddr, giaddr, options: hex });
  const { source, destination, link: linkDestination } = sent;
  const ports = { sourcePort: sent.giaddr === undefined ? 68 : 67, destinationPort: 67 };
  wire.link.send({ linkSource: MAC, linkDestination, source, destination, ...ports, payload });
  return Promise.all(
    wanted.map(async (fits, index) => {
      const seen = await wire.link.frames.waitFor(
        `answer ${index + 1}`,
        (frame) => {
          if (frame.kind !== 'udp' || frame.sourcePort !== 67 || frame.payload.length < 240) return false;
          const reply = readReply(frame.payload);
          return reply.xid === xid && fits(reply);
        },
        { seconds: SECONDS, from },
      );
      assert.ok(seen.kind === 'udp');
      return readReply(seen.payload);
    }),
  );
}

const isProxy = ({ yiaddr, options }: Reply): boolean =>
  yiaddr === '0.0.0.0' && textOf(options[60]) === 'PXEClient';
const givesAddress = ({ yiaddr }: Reply): boolean => yiaddr.startsWith('10.77.0.1');

/** The lines of a client's DISCOVER. */
const DISCOVER = [
  [53, '01'],
  [55, '0103060c0f2b3c4243'],
  [93, u16(7)],
  [60, text('PXEClient:Arch:00007:UNDI:003000')],
] as const;
const discover: Sent = {
  source: '0.0.0.0',
  destination: '255.255.255.255',
  link: LINK_BROADCAST,
  hex: DISCOVER,
};

const RELAY = '10.77.0.3';
const relayed: Sent = { source: RELAY, destination: HOST, link: HOST_MAC, giaddr: RELAY, hex: DISCOVER };

for (const [name, foreign] of Object.entries(SERVERS)) {
  describe(`${name} on the same host`, () => {
    const lab = openLab();
    const scratch = makeScratch('same-host');
    const host = lab.namespace('srv');
    const far = lab.namespace('far');
    lab.veth({ in: host, nic: 'eth0' }, { in: far, nic: 'eth0' });
    host.runSync('ip', 'link', 'set', 'eth0', 'address', HOST_MAC);
    lab.address(host, 'eth0', `${HOST}/24`);
    let wire: BootWire;
    let server: Server;
    let other: { stop(): Promise<void> };
    const startPilotlight = async (): Promise<void> => {
      server = await startServer(host, {
        config: { interfaces: ['eth0'], dhcp: { mode: 'proxy' } },
        texts: { 'profiles/linux.yaml': 'name: linux\nboot:\n  kernel: vmlinuz\n' },
      });
    };
    const startOther = async (): Promise<void> => {
      other = await startForeign(
        host,
        foreign,
        'lines' in foreign ? String(foreign.lines) : '',
        scratch.path,
      );
    };
    before(async () => {
      wire = openBootWire(far, 'eth0', HOST_MAC);
      wire.link.holds(RELAY, MAC);
      await startPilotlight();
      await startOther();
    });
    after(async () => {
      try {
        await server?.stop();
      } finally {
        wire.close();
        await lab.close();
        scratch.remove();
      }
    });

    /** An address from the one and a boot file from the other; and a renewal reaches the server that gave the address. */
    async function bothServe(): Promise<void> {
      const [offer, proxy] = await ask(wire, discover, [givesAddress, isProxy]);
      assert.ok(offer !== undefined && proxy !== undefined);
      assert.equal(fileOf(proxy), 'snponly.efi');
      assert.deepEqual([proxy.siaddr, textOf(offer.options[60])], [HOST, '']);
      const address = Buffer.from(offer.yiaddr.split('.').map(Number)).toString('hex');
      const request = [
        [53, '03'],
        [50, address],
        [54, '0a4d0001'],
      ] as const;
      await ask(wire, { ...discover, hex: request }, [givesAddress]);
      wire.link.holds(offer.yiaddr, MAC);
      const renewal = {
        source: offer.yiaddr,
        destination: HOST,
        link: HOST_MAC,
        ciaddr: offer.yiaddr,
        hex: [[53, '03']] as const,
      };
      const [renewed] = await ask(wire, renewal, [givesAddress]);
      assert.equal(renewed?.options[53], '05');
    }

    const notice = async (): Promise<string> => {
      const isNotice = (record: { readonly msg: string }) => /beside it/.test(record.msg);
      return (await server.records.waitFor('the notice', isNotice, { seconds: SECONDS })).msg;
    };

    test('Pilotlight is first', async () => {
      await bothServe();
      assert.ok(!server.records.all.some(({ msg }) => /beside it/.test(msg)), 'nobody was there');
    });

    test('a relay, which asks by unicast, is answered by both', async () => {
      const [, proxy] = await ask(wire, relayed, [givesAddress, isProxy]);
      assert.deepEqual([proxy && fileOf(proxy), proxy?.giaddr], ['snponly.efi', RELAY]);
    });

    test('port 4011 answers', async () => {
      const ack = await wire.client(MAC, 7).ask4011('10.77.0.150', HOST);
      assert.equal(fileOf(ack), 'snponly.efi');
    });

    test('Pilotlight starts anew, and tells who was first', async () => {
      await server.stop();
      await startPilotlight();
      assert.match(await notice(), /^UDP port 67 of this host is \S+ \(pid \d+\)'s: machines are answered/);
      await bothServe();
    });

    test('the other server starts anew', async () => {
      await other.stop();
      const [proxy] = await ask(wire, discover, [isProxy]);
      assert.ok(proxy);
      await startOther();
      await bothServe();
    });
  });
}
