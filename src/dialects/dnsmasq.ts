/** Lines for dnsmasq.conf. */
import { formatIpv4 } from '../values/ipv4.ts';
import { alternatives, commented } from './comment.ts';
import type { Dialect } from './dialect.ts';

const IPXE = 'pilotlight-ipxe';

export const dnsmasq: Dialect = {
  describe: 'dnsmasq.conf, or a file in /etc/dnsmasq.d',
  write({ server, stages, scriptUrl, notes }) {
    const address = formatIpv4(server.address);
    return [
      ...commented('#', [
        `Pilotlight at ${address}: lines for dnsmasq.conf, or a file in /etc/dnsmasq.d.`,
        'Remove other dhcp-boot lines and any pxe-service: PXEClient in the answer would send UEFI to port 4011.',
        ...notes,
      ]),
      '',
      ...commented('#', ['iPXE goes on to its script. It shows itself by option 175, or by its user class.']),
      `dhcp-match=set:${IPXE},175`,
      `dhcp-userclass=set:${IPXE},iPXE`,
      `dhcp-boot=tag:${IPXE},${scriptUrl},,${address}`,
      ...commented('#', ['No proxyDHCP will answer: this ends the wait for one.']),
      `dhcp-option=tag:${IPXE},encap:175,176,1b`,
      ...stages.flatMap(({ arch, codes, file, http }) => {
        const tag = `pilotlight-${arch}`;
        return [
          '',
          ...commented('#', [`${arch}: architecture ${alternatives(codes)}.`]),
          ...codes.map((code) => `dhcp-match=set:${tag},option:client-arch,${code}`),
          // UEFI HTTP Boot takes no answer that does not bear its class.
          ...(http ? [`dhcp-option-force=tag:${tag},option:vendor-class,HTTPClient`] : []),
          `dhcp-boot=tag:!${IPXE},tag:${tag},${file},,${address}`,
        ];
      }),
      '',
    ].join('\n');
  },
};
