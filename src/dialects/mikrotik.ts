/** Commands for RouterOS 7. */
import { formatIpv4, formatSubnet } from '../values/ipv4.ts';
import { alternatives, commented } from './comment.ts';
import type { Dialect } from './dialect.ts';
import type { FirstStage } from './pointers.ts';

/** Text with a NUL behind it: RouterOS adds none, and old ROMs read on into the END byte. */
const ended = (text: string): string => `0x${Buffer.from(`${text}\0`, 'latin1').toString('hex')}`;
const plain = (text: string): string => `0x${Buffer.from(text, 'latin1').toString('hex')}`;

const option = (name: string, code: number, value: string, what: string): string =>
  `/ip dhcp-server option add name=${name} code=${code} value=${value} comment="${what}"`;

const set = (name: string, options: readonly string[]): string =>
  `/ip dhcp-server option sets add name=${name} options=${options.join(',')}`;

const matcher = (name: string, code: number, value: string, optionSet: string): string =>
  `/ip dhcp-server matcher add name=${name} server=$server address-pool=$pool code=${code}` +
  ` matching-type=substring value="${value}" option-set=${optionSet}`;

function commandsFor({ arch, codes, file, http }: FirstStage): string[] {
  const name = `pilotlight-${arch}`;
  const client = http ? 'HTTPClient' : 'PXEClient';
  const options = [...(http ? ['pilotlight-http'] : ['pilotlight-server']), name];
  return [
    ...commented('#', [`${arch}: architecture ${alternatives(codes)}.`]),
    option(name, 67, ended(file), file),
    set(name, options),
    ...codes.map((code) =>
      matcher(`${name}-${code}`, 60, `${client}:Arch:${String(code).padStart(5, '0')}`, name),
    ),
  ];
}

export const mikrotik: Dialect = {
  describe: 'the terminal of RouterOS 7.16 or later',
  write({ server, subnet, stages, scriptUrl, notes }) {
    const address = formatIpv4(server.address);
    const network = subnet === undefined ? '10.11.11.0/24' : formatSubnet(subnet);
    return [
      ...commented('#', [
        `Pilotlight at ${address}: commands for RouterOS 7.16 or later (earlier matchers know no substring).`,
        "Written by MikroTik's documentation and tried on no router: look at what one machine is told (pilotlight probe).",
        'Put the names of your DHCP server and its address pool into the first two lines of the block' +
          (subnet === undefined ? ', and your network into the third.' : '.'),
        'Matchers are tried in their order, and iPXE has to be first: it also bears the class of its firmware.',
        'What RouterOS cannot say: it finds iPXE by its user class alone, not by option 175; and next-server, which UEFI' +
          ' takes for its TFTP server, is the same for all clients of the network.',
        ...notes,
      ]),
      '{',
      ':local server "dhcp1"',
      ':local pool "pool1"',
      `:local network "${network}"`,
      `/ip dhcp-server network set [find address=$network] next-server=${address}`,
      option('pilotlight-server', 66, ended(address), address),
      ...(stages.some(({ http }) => http)
        ? [option('pilotlight-http', 60, plain('HTTPClient'), 'HTTPClient')]
        : []),
      ...commented('#', [
        'iPXE: its script, and sub-option 176 (no-pxedhcp), which ends its wait for a proxyDHCP.',
      ]),
      option('pilotlight-script', 67, ended(scriptUrl), scriptUrl),
      option('pilotlight-no-pxedhcp', 175, '0xb00101', 'no-pxedhcp'),
      set('pilotlight-ipxe', ['pilotlight-script', 'pilotlight-no-pxedhcp']),
      matcher('pilotlight-ipxe', 77, 'iPXE', 'pilotlight-ipxe'),
      ...stages.flatMap(commandsFor),
      '}',
      '',
    ].join('\n');
  },
};
