import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Arrival, factsOf } from '../../src/boot/facts.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Decision, Question, World } from '../../src/decide/decision.ts';
import { type Description, imaginePacket } from '../../src/decide/imagine.ts';
import { OPTION } from '../../src/dhcp/codes.ts';
import { messageTypeBytes } from '../../src/dhcp/message.ts';
import type { MessageName, Packet } from '../../src/dhcp/packet.ts';
import { textToNul } from '../../src/dhcp/wiretext.ts';
import { formatIpv4 } from '../../src/values/ipv4.ts';
import { ip } from '../leases/rules.ts';
import { kernelBoot, machine, profile, world } from './world.ts';

const MAC = '52:54:00:aa:00:01';

interface Sent extends Description {
  readonly message?: MessageName;
  readonly port?: number;
  readonly options?: readonly (readonly [number, readonly number[]])[];
  readonly packet?: Partial<Packet>;
}

function question({ message = 'DISCOVER', port = 67, options = [], packet = {}, ...client }: Sent): Question {
  const imagined = imaginePacket({ mac: MAC, ...client });
  const more = options.map(([code, bytes]): [number, Uint8Array] => [code, Uint8Array.from(bytes)]);
  const whole: Packet = {
    ...imagined,
    ...packet,
    options: new Map([...imagined.options, [OPTION.MESSAGE_TYPE, messageTypeBytes(message)], ...more]),
  };
  const arrival: Arrival = {
    nic: 'eth1',
    localAddress: ip('10.11.11.1'),
    port,
    source: port === 4011 ? ip('10.11.11.77') : 0,
    sourcePort: port === 4011 ? 4011 : 68,
    destination: 0xffff_ffff,
  };
  return { facts: factsOf(whole, arrival), uuid: whole.options.get(OPTION.CLIENT_UUID) };
}

/** A decision in one line: type, address, next server, file, and which of the PXE options are there. */
function short(decision: Decision): string {
  if (decision.kind === 'ignore') return `ignore ${decision.code}`;
  const parts = [decision.type ?? 'BOOTP'];
  if (decision.yiaddr !== 0) parts.push(formatIpv4(decision.yiaddr));
  if (decision.siaddr !== 0) parts.push(`next=${formatIpv4(decision.siaddr)}`);
  if (decision.bootFile !== undefined) parts.push(`file=${decision.bootFile}`);
  const text = (code: number) => textToNul(decision.options.get(code) ?? new Uint8Array());
  if (decision.options.has(OPTION.VENDOR_CLASS)) parts.push(`60=${text(OPTION.VENDOR_CLASS)}`);
  for (const code of [OPTION.VENDOR_OPTIONS, OPTION.CLIENT_UUID, OPTION.IPXE]) {
    const bytes = decision.options.get(code);
    if (bytes !== undefined) parts.push(`${code}=${bytes.toHex()}`);
  }
  return parts.join(' ');
}

/** Who reads options instead of header fields finds the same there, and reads on to a NUL (peers P3, P4). */
function assertNames({ options, siaddr, bootFile }: Extract<Decision, { kind: 'reply' }>): void {
  const raw = (code: number) => new TextDecoder('latin1').decode(options.get(code));
  assert.equal(raw(OPTION.BOOT_FILE), bootFile === undefined ? '' : `${bootFile}\0`);
  assert.equal(raw(OPTION.TFTP_SERVER_NAME), siaddr === 0 ? '' : `${formatIpv4(siaddr)}\0`);
}

const UUID = '4c4c4544-0042-3510-8052-b7c04f384a32';
const WIRE_UUID = '0044454c4c420010358052b7c04f384a32';
const SCRIPT = `http://10.11.11.1:8080/ipxe?mac=${MAC}`;

describe('each stage of each firmware gets its next step', () => {
  const cases: Record<string, { mode: 'full' | 'proxy'; sent: Sent; gives: string; in?: World }> = {
    'full: BIOS ROM': {
      mode: 'full',
      sent: { arch: 'bios', uuid: UUID },
      gives: `OFFER 10.11.11.50 next=10.11.11.1 file=undionly.kpxe 97=${WIRE_UUID}`,
    },
    'full: UEFI ROM, no class that would send it to port 4011': {
      mode: 'full',
      sent: { arch: 'uefi-x64' },
      gives: 'OFFER 10.11.11.50 next=10.11.11.1 file=snponly.efi',
    },
    'full: arch 9 is x64 too': {
      mode: 'full',
      sent: { arch: 9 },
      gives: 'OFFER 10.11.11.50 next=10.11.11.1 file=snponly.efi',
    },
    'full: iPXE with HTTP gets the script by URL, and no wait for a proxy': {
      mode: 'full',
      sent: { arch: 'bios', ipxe: true },
      gives: `OFFER 10.11.11.50 next=10.11.11.1 file=${SCRIPT}&arch=bios 175=b00101`,
    },
    'full: iPXE known only by the RFC 3004 form of its user class': {
      mode: 'full',
      sent: { arch: 'bios', options: [[OPTION.USER_CLASS, [4, 0x69, 0x50, 0x58, 0x45]]] },
      gives: 'OFFER 10.11.11.50 next=10.11.11.1 file=ipxe/52-54-00-aa-00-01.ipxe 175=b00101',
    },
    'full: iPXE known only by the raw form': {
      mode: 'full',
      sent: { arch: 'bios', userClass: 'iPXE' },
      gives: 'OFFER 10.11.11.50 next=10.11.11.1 file=ipxe/52-54-00-aa-00-01.ipxe 175=b00101',
    },
    'full: UEFI HTTP Boot': {
      mode: 'full',
      sent: { arch: 'uefi-x64-http' },
      gives: 'OFFER 10.11.11.50 next=10.11.11.1 file=http://10.11.11.1:8080/boot/snponly.efi 60=HTTPClient',
    },
    'full: an installed system gets an address and nothing to boot': {
      mode: 'full',
      sent: { vendorClass: 'MSFT 5.0' },
      gives: 'OFFER 10.11.11.50',
    },
    'full: an architecture that nothing is known for': {
      mode: 'full',
      sent: { arch: 's390-basic' },
      gives: 'OFFER 10.11.11.50',
    },
    'proxy: BIOS ROM is told to skip discovery': {
      mode: 'proxy',
      sent: { arch: 'bios', uuid: UUID },
      gives: `OFFER next=10.11.11.1 file=undionly.kpxe 60=PXEClient 43=060108ff 97=${WIRE_UUID}`,
    },
    'proxy: UEFI ROM gets no option 43': {
      mode: 'proxy',
      sent: { arch: 'uefi-x64' },
      gives: 'OFFER next=10.11.11.1 file=snponly.efi 60=PXEClient',
    },
    'proxy: UEFI ROM, profile says discovery': {
      mode: 'proxy',
      sent: { arch: 'uefi-x64' },
      in: world('proxy', [profile('p', { uefiProxy: 'discovery' })]),
      gives: 'OFFER next=10.11.11.1 file=snponly.efi 60=PXEClient 43=060108ff',
    },
    'proxy: iPXE': {
      mode: 'proxy',
      sent: { arch: 'uefi-x64', ipxe: true },
      gives: `OFFER next=10.11.11.1 file=${SCRIPT}&arch=uefi-x64 60=PXEClient`,
    },
    'proxy: UEFI HTTP Boot': {
      mode: 'proxy',
      sent: { arch: 'uefi-x64-http' },
      gives: 'OFFER next=10.11.11.1 file=http://10.11.11.1:8080/boot/snponly.efi 60=HTTPClient',
    },
    'proxy: the answer on port 4011': {
      mode: 'proxy',
      sent: { arch: 'uefi-x64', message: 'REQUEST', port: 4011 },
      gives: 'ACK next=10.11.11.1 file=snponly.efi 60=PXEClient',
    },
    'full: port 4011 is answered too': {
      mode: 'full',
      sent: { arch: 'uefi-x64', message: 'REQUEST', port: 4011 },
      gives: 'ACK next=10.11.11.1 file=snponly.efi 60=PXEClient',
    },
    'proxy: an installed system is left alone': {
      mode: 'proxy',
      sent: { vendorClass: 'MSFT 5.0' },
      gives: 'ignore NOT_BOOTING',
    },
    'proxy: a REQUEST on 67 is for the other server': {
      mode: 'proxy',
      sent: { arch: 'bios', message: 'REQUEST' },
      gives: 'ignore NOT_OURS',
    },
    'proxy: no profile': {
      mode: 'proxy',
      sent: { arch: 'bios' },
      in: world('proxy', []),
      gives: 'ignore NOTHING_TO_BOOT',
    },
    'full: no profile still gives an address': {
      mode: 'full',
      sent: { arch: 'bios' },
      in: world('full', []),
      gives: 'OFFER 10.11.11.50',
    },
    'a boot program of its own, by architecture, also for a ROM that is iPXE': {
      mode: 'full',
      sent: { arch: 'uefi-x64', ipxe: true },
      in: world('full', [
        profile('p', {
          boot: {
            kind: 'file',
            byArch: new Map([
              ['bios', 'lpxelinux.0'],
              ['uefi-x64', 'shimx64.efi'],
            ]),
          },
        }),
      ]),
      gives: 'OFFER 10.11.11.50 next=10.11.11.1 file=shimx64.efi 175=b00101',
    },
    'a relay whose network is not configured': {
      mode: 'full',
      sent: { arch: 'bios', giaddr: ip('10.99.0.1') },
      gives: 'ignore NO_SUBNET',
    },
    'what only servers send': { mode: 'full', sent: { message: 'OFFER' }, gives: 'ignore NOT_A_CLIENT' },
  };
  for (const [name, each] of Object.entries(cases)) {
    test(name, () => {
      const where = each.in ?? world(each.mode, [profile('p')]);
      const decision = decide(question(each.sent), where);
      assert.equal(short(decision), each.gives);
      if (decision.kind === 'reply') assertNames(decision);
    });
  }
});

describe('full mode', () => {
  test("Razor's profile: iPXE gets bootstrap.ipxe, everyone else iPXE", () => {
    const razor = world('proxy', [profile('razor', { boot: { kind: 'script', file: 'bootstrap.ipxe' } })]);
    const file = (sent: Sent) => {
      const decision = decide(question(sent), razor);
      return decision.kind === 'reply' ? decision.bootFile : decision.code;
    };
    assert.equal(file({ arch: 'bios' }), 'undionly.kpxe');
    assert.equal(file({ arch: 'bios', ipxe: true }), 'bootstrap.ipxe');
    assert.equal(file({ arch: 'uefi-x64', ipxe: true }), 'bootstrap.ipxe');
  });

  test('a machine keeps one identity, whatever client identifier its stages present, and whichever NIC', () => {
    const OTHER = '52:54:00:aa:00:02';
    const node = machine(MAC, { macs: [MAC, OTHER], name: 'node1', ip: ip('10.11.11.10') });
    const known = world('full', [profile('p')], [node]);
    for (const mac of [MAC, OTHER]) {
      for (const id of [[0x01, 0x52, 0x54, 0, 0xaa, 0, 1], [0xff, 1, 2, 3, 4], []]) {
        const options: Sent['options'] = id.length === 0 ? [] : [[OPTION.CLIENT_ID, id]];
        const decision = decide(question({ mac, arch: 'bios', options }), known);
        assert.match(short(decision), /^OFFER 10\.11\.11\.10 /);
        assert.ok(decision.change?.kind === 'offer');
        assert.equal(decision.change.offer.identity, `machine:${MAC}`);
      }
    }
  });

  test('a name that fills its option does without the NUL, which would be an option of its own', () => {
    const url = `http://10.11.11.1/${'x'.repeat(237)}`;
    const decision = decide(
      question({ arch: 'uefi-x64-http' }),
      world('full', [profile('p', { boot: { kind: 'file', byArch: new Map([['uefi-x64', url]]) } })]),
    );
    assert.ok(decision.kind === 'reply');
    assert.equal(decision.options.get(OPTION.BOOT_FILE)?.length, 255);
  });

  test('what clients are told of us: the address of the NIC, or serverAddress', () => {
    const told = (serverAddress: World['serverAddress']) => {
      const decision = decide(question({ arch: 'uefi-x64-http' }), {
        ...world('full', [profile('p')]),
        serverAddress,
      });
      return (
        decision.kind === 'reply' && [
          formatIpv4(decision.siaddr),
          formatIpv4(decision.serverId),
          decision.bootFile,
        ]
      );
    };
    const url = (host: string) => `http://${host}:8080/boot/snponly.efi`;
    assert.deepEqual(told(undefined), ['10.11.11.1', '10.11.11.1', url('10.11.11.1')]);
    assert.deepEqual(told(ip('10.0.0.9')), ['10.0.0.9', '10.0.0.9', url('10.0.0.9')]);
  });

  test('firmware without a client identifier and iPXE with type 1 and its MAC are one client', () => {
    const identities = [[], [0x01, 0x52, 0x54, 0x00, 0xaa, 0x00, 0x01]].map((id) => {
      const sent = question({ options: id.length === 0 ? [] : [[OPTION.CLIENT_ID, id]] });
      const decision = decide(sent, world('full', []));
      return decision.change?.kind === 'offer' ? decision.change.offer.identity : undefined;
    });
    assert.deepEqual(identities, [`mac:${MAC}`, `mac:${MAC}`]);
  });

  test('INFORM is answered without an address and without a lease time', () => {
    const sent = question({
      message: 'INFORM',
      vendorClass: 'MSFT 5.0',
      packet: { ciaddr: ip('10.11.11.200') },
    });
    const decision = decide(sent, world('full', []));
    assert.equal(short(decision), 'ACK');
    assert.equal(decision.kind === 'reply' && decision.options.has(OPTION.LEASE_TIME), false);
    assert.equal(decision.change, undefined);
  });

  test('a NAK says why', () => {
    const sent = question({ message: 'REQUEST', options: [[OPTION.REQUESTED_ADDRESS, [192, 168, 1, 5]]] });
    const decision = decide(sent, world('full', []));
    assert.equal(
      decision.kind === 'reply' && textToNul(decision.options.get(OPTION.MESSAGE) ?? new Uint8Array()),
      '192.168.1.5 does not belong to this network',
    );
  });

  test('profile options come over the subnet’s', () => {
    const custom = Uint8Array.of(10, 11, 11, 254);
    const decision = decide(
      question({ arch: 'bios' }),
      world('full', [profile('p', { options: new Map([[1, custom]]) })]),
    );
    assert.deepEqual(decision.kind === 'reply' ? decision.options.get(1) : undefined, custom);
  });

  test('deciding twice gives the same answer, and changes nothing', () => {
    const where = world('full', [profile('p', { boot: kernelBoot() })]);
    const sent = question({ arch: 'bios' });
    assert.deepEqual(decide(sent, where), decide(sent, where));
  });
});
