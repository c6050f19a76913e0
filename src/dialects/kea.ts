/** Members for Kea's "Dhcp4" object. Kea's parser takes comments that begin with #. */
import { formatIpv4 } from '../values/ipv4.ts';
import { alternatives, commented } from './comment.ts';
import type { Dialect } from './dialect.ts';
import type { FirstStage } from './pointers.ts';

const IPXE = 'pilotlight-ipxe';

/** An iPXE by option 175, or by its user class: bare as iPXE sends it, or with the length byte of RFC 3004. */
const IS_IPXE =
  "option[175].exists or substring(option[77].hex,0,4) == 'iPXE' or substring(option[77].hex,1,4) == 'iPXE'";

const hex16 = (code: number): string => `0x${code.toString(16).padStart(4, '0')}`;

/** Compares the first number of option 93, which is a list. */
const isArch = (codes: readonly number[]): string =>
  codes.map((code) => `substring(option[93].hex,0,2) == ${hex16(code)}`).join(' or ');

/**
 * The file goes into the header, which is padded with zeros. Kea ends option 67 without a NUL, and old ROMs read on from
 * there; so only UEFI HTTP Boot and iPXE, which know lengths, are told by the option too.
 */
function classOf(name: string, test: string, file: string, address: string, more: readonly object[]): object {
  return {
    name,
    test,
    'next-server': address,
    'boot-file-name': file,
    ...(more.length === 0 ? {} : { 'option-data': more }),
  };
}

function stageClass({ arch, codes, file, http }: FirstStage, address: string): object {
  const test = `not member('${IPXE}') and (${isArch(codes)})`;
  const more = http
    ? [
        { name: 'vendor-class-identifier', data: 'HTTPClient', 'always-send': true },
        { name: 'boot-file-name', data: file, 'always-send': true },
      ]
    : [];
  return classOf(`pilotlight-${arch}`, test, file, address, more);
}

const indented = (text: string): string => text.replaceAll(/^/gm, '  ');

export const kea: Dialect = {
  describe: 'kea-dhcp4.conf, inside "Dhcp4"',
  write({ server, stages, scriptUrl, notes }) {
    const address = formatIpv4(server.address);
    const ipxe = classOf(IPXE, IS_IPXE, scriptUrl, address, [
      { code: 175, space: 'dhcp4', 'csv-format': false, data: 'b00101', 'always-send': true },
    ]);
    const told = [
      ['iPXE goes on to its script. Option 175 tells it that no proxyDHCP will answer, which ends its wait.'],
      ...stages.map(({ arch, codes }) => [`${arch}: architecture ${alternatives(codes)}.`]),
    ];
    const classes = [ipxe, ...stages.map((stage) => stageClass(stage, address))];
    const body = classes.map((each, index) => {
      const comma = index === classes.length - 1 ? '' : ',';
      return [...commented('#', told[index] ?? []), `${JSON.stringify(each, undefined, 2)}${comma}`].join(
        '\n',
      );
    });
    return [
      ...commented('#', [
        `Pilotlight at ${address}: for kea-dhcp4.conf, inside "Dhcp4".`,
        'Put these classes into your "client-classes" if you have that list already; their order matters.',
        'Remove next-server, boot-file-name and option 60 from subnets: PXEClient in the answer sends UEFI to port 4011.',
        ...notes,
      ]),
      '"client-classes": [',
      indented(body.join('\n')),
      ']',
      '',
    ].join('\n');
  },
};
