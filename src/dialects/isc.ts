/** Lines for ISC dhcpd's dhcpd.conf. */
import { formatIpv4 } from '../values/ipv4.ts';
import { alternatives, commented } from './comment.ts';
import type { Dialect } from './dialect.ts';
import type { FirstStage } from './pointers.ts';

const hex16 = (code: number): string => code.toString(16).padStart(4, '0').replace(/^(..)/, '$1:');

const isArch = (codes: readonly number[]): string =>
  codes.map((code) => `option pilotlight-arch = ${hex16(code)}`).join(' or ');

function branch({ arch, codes, file, http }: FirstStage): string[] {
  return [
    `} elsif ${isArch(codes)} {`,
    `  # ${arch}: architecture ${alternatives(codes)}.`,
    // UEFI HTTP Boot takes no answer that does not bear its class.
    ...(http ? ['  option vendor-class-identifier "HTTPClient";'] : []),
    `  filename "${file}";`,
  ];
}

export const isc: Dialect = {
  describe: 'dhcpd.conf, outside of all subnets',
  write({ server, stages, scriptUrl, notes }) {
    const address = formatIpv4(server.address);
    return [
      ...commented('#', [
        `Pilotlight at ${address}: lines for dhcpd.conf, outside of all subnets.`,
        'Remove other next-server, filename and vendor-class-identifier lines: nearer ones win over these.',
        'PXEClient in the answer would send UEFI to port 4011.',
        ...notes,
      ]),
      'option pilotlight-arch code 93 = unsigned integer 16;',
      'option pilotlight-ipxe code 175 = string;',
      `next-server ${address};`,
      ...commented('#', [
        'iPXE goes on to its script. It shows itself by option 175, or by its user class, bare or as in RFC 3004.',
      ]),
      'if exists pilotlight-ipxe or option user-class = "iPXE" or substring(option user-class, 1, 4) = "iPXE" {',
      ...commented('  #', [
        'Sub-option 176 (no-pxedhcp) = 1: no proxyDHCP will answer, which ends the wait for one.',
      ]),
      '  option pilotlight-ipxe b0:01:01;',
      `  filename "${scriptUrl}";`,
      ...stages.flatMap(branch),
      '}',
      '',
    ].join('\n');
  },
};
