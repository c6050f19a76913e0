/** The lines in the real programs: taken by their own checks, and answered by as they should be; MikroTik and Windows have golden texts. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
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
import { openLab } from '../lab/netns.ts';
import { makeScratch } from '../lab/scratch.ts';
import { type Server, startServer } from '../lab/server.ts';
import { FOREIGN, startForeign } from './foreign.ts';

const ADDRESS = '10.77.0.1';
const MAC = '52:54:00:aa:00:01';
const BIN = join(import.meta.dirname, '../../bin/pilotlight');
const SECONDS = 30;

const SETUP = {
  config: { interfaces: ['eth0'], dhcp: { mode: 'off' } },
  texts: {
    'profiles/linux.yaml':
      'name: linux\nboot:\n  kernel: vmlinuz\n  cmdline: "name={{ machine.name }} arch={{ client.arch }}"\n',
    'profiles/loader.yaml':
      'name: loader\nmatch: { mac: "52:54:00:bb:*" }\nboot: { file: { bios: lpxelinux.0, uefi-x64: shimx64.efi } }\n',
    'machines/rack.yaml': `- { mac: "${MAC}", name: node1 }\n`,
    'tftpboot/vmlinuz': 'a kernel',
    'tftpboot/undionly.kpxe': 'iPXE for BIOS',
    'tftpboot/snponly.efi': 'iPXE for UEFI',
  },
};

/** What firmware asks for in option 55. */
const ASKED: WireOption = [55, [1, 3, 6, 43, 60, 66, 67, 175].map(u8).join('')];

const pxe = (arch: number, client = 'PXEClient'): WireOption[] => [
  [93, u16(arch)],
  [60, text(`${client}:Arch:${String(arch).padStart(5, '0')}:UNDI:003016`)],
];

const SCRIPT = `http://${ADDRESS}:8080/ipxe`;
const HTTP_FILE = `http://${ADDRESS}:8080/boot/snponly.efi`;

/** Each kind of client, and the file it is to be told of. */
const CLIENTS: Record<string, { readonly sends: readonly WireOption[]; readonly file: string }> = {
  BIOS: { sends: pxe(0), file: 'undionly.kpxe' },
  'UEFI as 7': { sends: pxe(7), file: 'snponly.efi' },
  'UEFI as 9': { sends: pxe(9), file: 'snponly.efi' },
  'UEFI HTTP Boot': { sends: pxe(16, 'HTTPClient'), file: HTTP_FILE },
  'iPXE on BIOS': { sends: [...pxe(0), [77, text('iPXE')], [175, '130101']], file: SCRIPT },
  'iPXE on UEFI, known by option 175 alone': { sends: [...pxe(7), [175, '130101']], file: SCRIPT },
  'iPXE known by its user class as RFC 3004 has it': {
    sends: [...pxe(7), [77, `04${text('iPXE')}`]],
    file: SCRIPT,
  },
  'an installed system': { sends: [[60, text('MSFT 5.0')]], file: '' },
};

/** The boot file as a client reads it: option 67 where there is one, else the header's field. */
function fileOf({ options, file }: Reply): string {
  const told = options[67];
  return told === undefined ? file : Buffer.from(told, 'hex').toString('latin1').replace(/\0+$/, '');
}

let lastXid = 0x4000_0000;

async function discover(link: Link, options: readonly WireOption[]): Promise<Reply> {
  lastXid += 1;
  const xid = lastXid;
  const from = link.frames.all.length;
  const payload = writeMessage({
    xid,
    chaddr: `52:54:00:aa:01:${u8(xid & 255)}`,
    flags: 0x8000,
    options: [[53, '01'], ASKED, ...options],
  });
  const frame: UdpFrame = {
    linkSource: MAC,
    linkDestination: LINK_BROADCAST,
    source: '0.0.0.0',
    sourcePort: 68,
    destination: '255.255.255.255',
    destinationPort: 67,
    payload,
  };
  link.send(frame);
  const answer = await link.frames.waitFor(
    'an OFFER',
    (seen) => seen.kind === 'udp' && seen.sourcePort === 67 && readReply(seen.payload).xid === xid,
    { seconds: SECONDS, from },
  );
  assert.ok(answer.kind === 'udp');
  return readReply(answer.payload);
}

for (const [name, foreign] of Object.entries(FOREIGN)) {
  describe(`${name} beside Pilotlight`, () => {
    const lab = openLab();
    const scratch = makeScratch(`dialect-${name}`);
    const host = lab.namespace('srv');
    const far = lab.namespace('far');
    lab.veth({ in: host, nic: 'eth0' }, { in: far, nic: 'eth0' });
    lab.address(host, 'eth0', `${ADDRESS}/24`);
    lab.address(far, 'eth0', '10.77.0.9/24');
    const link = openLink(far, 'eth0');
    let server: Server | undefined;
    let lines = '';
    before(async () => {
      server = await startServer(host, SETUP);
      const config = join(server.folder, 'pilotlight.yaml');
      lines = await host.run(BIN, 'print-config', name, '-c', config);
      await startForeign(host, foreign, lines, scratch.path);
    });
    after(async () => {
      try {
        await server?.stop();
      } finally {
        link.close();
        await lab.close();
        scratch.remove();
      }
    });

    test('its own check takes the lines', () => {
      const file = join(scratch.path, 'checked.conf');
      writeFileSync(file, foreign.configure(lines));
      foreign.check(file);
      writeFileSync(file, foreign.configure(`${lines}\nno-such-thing=1`));
      assert.throws(() => foreign.check(file), 'and would tell of a fault');
    });

    for (const [client, { sends, file }] of Object.entries(CLIENTS)) {
      test(client, async () => {
        const offer = await discover(link, sends);
        assert.equal(fileOf(offer), file);
        assert.match(offer.yiaddr, /^10\.77\.0\.1\d\d$/);
        if (file !== '') assert.equal(offer.siaddr, ADDRESS);
        const vendorClass = offer.options[60];
        if (file === HTTP_FILE) assert.equal(Buffer.from(vendorClass ?? '', 'hex').toString(), 'HTTPClient');
        else assert.equal(vendorClass, undefined, 'PXEClient would send UEFI on to port 4011');
        if (file === SCRIPT) assert.match(offer.options[175] ?? '', /^b00101/, 'no-pxedhcp');
      });
    }

    test('what the answers name is there: the first stage by TFTP, the script by HTTP', async () => {
      const bios = await discover(link, pxe(0));
      assert.equal(await far.run('curl', '-s', `tftp://${bios.siaddr}/${fileOf(bios)}`), 'iPXE for BIOS');
      assert.equal(await far.run('curl', '-s', HTTP_FILE), 'iPXE for UEFI');
      const asking = await far.run('curl', '-s', fileOf(await discover(link, [...pxe(7), [175, '130101']])));
      const next = /^chain (\S+)/m.exec(asking)?.[1] ?? '';
      const settings: Record<string, string> = { 'netX/mac': MAC, uuid: '', arch: 'uefi-x64' };
      const expanded = next.replace(/\$\{([^}]+)\}/g, (_, setting: string) => settings[setting] ?? '?');
      const script = await far.run('curl', '-s', expanded);
      assert.match(script, /^kernel http:\/\/10\.77\.0\.1:8080\/boot\/vmlinuz name=node1 arch=uefi-x64/m);
      const loader = await far.run('curl', '-s', expanded.replace(MAC, '52:54:00:bb:00:01'));
      assert.match(loader, /^chain tftp:\/\/10\.77\.0\.1\/shimx64\.efi /m);
    });
  });
}
