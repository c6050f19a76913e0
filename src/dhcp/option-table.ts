/**
 * The options of the IANA registry "BOOTP Vendor Extensions and DHCP Options", and the few others that netboot
 * clients use. Names are those of ISC dhcpd and Kea, which operators know; where the two differ, one is an alias.
 */
import { bytes } from './shapes/bytes.ts';
import { domainName, domainNames, domainSearch } from './shapes/domains.ts';
import { duration } from './shapes/duration.ts';
import { encapsulated, vendorOptions } from './shapes/encapsulated.ts';
import { enterpriseData } from './shapes/enterprise.ts';
import { flag, presence } from './shapes/flag.ts';
import { clientFqdn } from './shapes/fqdn.ts';
import { clientId, machineId, messageKind, networkInterface } from './shapes/identity.ts';
import { int32, uint8, uint8s, uint16, uint16s, uint32 } from './shapes/integer.ts';
import { ip, ipPairs, ips, ipsOrNone } from './shapes/ip.ts';
import { classlessRoutes } from './shapes/routes.ts';
import type { Shape } from './shapes/shape.ts';
import { sipServers } from './shapes/sip.ts';
import { slpAgents, slpScope } from './shapes/slp.ts';
import { IPXE_SUBOPTIONS, RELAY_SUBOPTIONS } from './shapes/suboption-tables.ts';
import { text, textNul } from './shapes/text.ts';
import { untyped } from './shapes/untyped.ts';
import { uris } from './shapes/uris.ts';
import { userClass } from './shapes/user-class.ts';

/** One option: its number, its name, and how its bytes read. */
export interface OptionRow {
  readonly code: number;
  /** Lower case with hyphens, unique among names and aliases. */
  readonly name: string;
  readonly shape: Shape<unknown>;
  /** The document that defines it. */
  readonly source: string;
  readonly aliases: readonly string[];
}

function row<const Code extends number, const Name extends string, Value>(
  code: Code,
  name: Name,
  shape: Shape<Value>,
  source: string,
  aliases: readonly string[] = [],
) {
  return { code, name, shape, source, aliases };
}

const plain = encapsulated();
const relayAgent = encapsulated(RELAY_SUBOPTIONS);
const ipxe = encapsulated(IPXE_SUBOPTIONS);

export const OPTION_TABLE = [
  row(1, 'subnet-mask', ip, 'RFC 2132 §3.3', ['netmask']),
  row(2, 'time-offset', int32, 'RFC 2132 §3.4'),
  row(3, 'routers', ips, 'RFC 2132 §3.5', ['router', 'gateway', 'gateways']),
  row(4, 'time-servers', ips, 'RFC 2132 §3.6'),
  row(5, 'name-servers', ips, 'RFC 2132 §3.7', ['ien116-name-servers']),
  row(6, 'domain-name-servers', ips, 'RFC 2132 §3.8', ['dns', 'dns-servers']),
  row(7, 'log-servers', ips, 'RFC 2132 §3.9', ['syslog-servers']),
  row(8, 'cookie-servers', ips, 'RFC 2132 §3.10'),
  row(9, 'lpr-servers', ips, 'RFC 2132 §3.11'),
  row(10, 'impress-servers', ips, 'RFC 2132 §3.12'),
  row(11, 'resource-location-servers', ips, 'RFC 2132 §3.13'),
  row(12, 'host-name', text, 'RFC 2132 §3.14', ['hostname']),
  row(13, 'boot-size', uint16, 'RFC 2132 §3.15', ['boot-file-size']),
  row(14, 'merit-dump', text, 'RFC 2132 §3.16'),
  row(15, 'domain-name', text, 'RFC 2132 §3.17', ['domain']),
  row(16, 'swap-server', ip, 'RFC 2132 §3.18'),
  row(17, 'root-path', text, 'RFC 2132 §3.19'),
  row(18, 'extensions-path', text, 'RFC 2132 §3.20'),
  row(19, 'ip-forwarding', flag, 'RFC 2132 §4.1'),
  row(20, 'non-local-source-routing', flag, 'RFC 2132 §4.2'),
  row(21, 'policy-filter', ipPairs, 'RFC 2132 §4.3'),
  row(22, 'max-dgram-reassembly', uint16, 'RFC 2132 §4.4'),
  row(23, 'default-ip-ttl', uint8, 'RFC 2132 §4.5'),
  row(24, 'path-mtu-aging-timeout', duration, 'RFC 2132 §4.6'),
  row(25, 'path-mtu-plateau-table', uint16s, 'RFC 2132 §4.7'),
  row(26, 'interface-mtu', uint16, 'RFC 2132 §5.1', ['mtu']),
  row(27, 'all-subnets-local', flag, 'RFC 2132 §5.2'),
  row(28, 'broadcast-address', ip, 'RFC 2132 §5.3', ['broadcast']),
  row(29, 'perform-mask-discovery', flag, 'RFC 2132 §5.4'),
  row(30, 'mask-supplier', flag, 'RFC 2132 §5.5'),
  row(31, 'router-discovery', flag, 'RFC 2132 §5.6'),
  row(32, 'router-solicitation-address', ip, 'RFC 2132 §5.7'),
  row(33, 'static-routes', ipPairs, 'RFC 2132 §5.8'),
  row(34, 'trailer-encapsulation', flag, 'RFC 2132 §6.1'),
  row(35, 'arp-cache-timeout', duration, 'RFC 2132 §6.2'),
  row(36, 'ieee802-3-encapsulation', flag, 'RFC 2132 §6.3'),
  row(37, 'default-tcp-ttl', uint8, 'RFC 2132 §7.1'),
  row(38, 'tcp-keepalive-interval', duration, 'RFC 2132 §7.2'),
  row(39, 'tcp-keepalive-garbage', flag, 'RFC 2132 §7.3'),
  row(40, 'nis-domain', text, 'RFC 2132 §8.1'),
  row(41, 'nis-servers', ips, 'RFC 2132 §8.2'),
  row(42, 'ntp-servers', ips, 'RFC 2132 §8.3', ['ntp']),
  row(43, 'vendor-encapsulated-options', vendorOptions, 'RFC 2132 §8.4', [
    'vendor-options',
    'vendor-specific',
  ]),
  row(44, 'netbios-name-servers', ips, 'RFC 2132 §8.5', ['wins-servers']),
  row(45, 'netbios-dd-server', ips, 'RFC 2132 §8.6'),
  row(46, 'netbios-node-type', uint8, 'RFC 2132 §8.7'),
  row(47, 'netbios-scope', text, 'RFC 2132 §8.8'),
  row(48, 'font-servers', ips, 'RFC 2132 §8.9'),
  row(49, 'x-display-managers', ips, 'RFC 2132 §8.10'),
  row(50, 'dhcp-requested-address', ip, 'RFC 2132 §9.1', ['requested-address']),
  row(51, 'dhcp-lease-time', duration, 'RFC 2132 §9.2', ['lease-time']),
  row(52, 'dhcp-option-overload', uint8, 'RFC 2132 §9.3'),
  row(53, 'dhcp-message-type', messageKind, 'RFC 2132 §9.6', ['message-type']),
  row(54, 'dhcp-server-identifier', ip, 'RFC 2132 §9.7', ['server-identifier']),
  row(55, 'dhcp-parameter-request-list', uint8s, 'RFC 2132 §9.8', ['parameter-request-list']),
  row(56, 'dhcp-message', text, 'RFC 2132 §9.9', ['message']),
  row(57, 'dhcp-max-message-size', uint16, 'RFC 2132 §9.10', ['max-message-size']),
  row(58, 'dhcp-renewal-time', duration, 'RFC 2132 §9.11', ['renewal-time']),
  row(59, 'dhcp-rebinding-time', duration, 'RFC 2132 §9.12', ['rebinding-time']),
  row(60, 'vendor-class-identifier', text, 'RFC 2132 §9.13', ['vendor-class']),
  row(61, 'dhcp-client-identifier', clientId, 'RFC 2132 §9.14', ['client-identifier', 'client-id']),
  row(62, 'nwip-domain-name', text, 'RFC 2242'),
  row(63, 'nwip-suboptions', plain, 'RFC 2242'),
  row(64, 'nisplus-domain-name', text, 'RFC 2132 §8.11', ['nisplus-domain']),
  row(65, 'nisplus-servers', ips, 'RFC 2132 §8.12'),
  row(66, 'tftp-server-name', textNul, 'RFC 2132 §9.4', ['tftp-server']),
  row(67, 'bootfile-name', textNul, 'RFC 2132 §9.5', ['boot-file-name', 'boot-file', 'filename']),
  row(68, 'mobile-ip-home-agent', ipsOrNone, 'RFC 2132 §8.13'),
  row(69, 'smtp-server', ips, 'RFC 2132 §8.14', ['smtp-servers']),
  row(70, 'pop-server', ips, 'RFC 2132 §8.15', ['pop-servers']),
  row(71, 'nntp-server', ips, 'RFC 2132 §8.16', ['nntp-servers']),
  row(72, 'www-server', ips, 'RFC 2132 §8.17', ['www-servers']),
  row(73, 'finger-server', ips, 'RFC 2132 §8.18'),
  row(74, 'irc-server', ips, 'RFC 2132 §8.19'),
  row(75, 'streettalk-server', ips, 'RFC 2132 §8.20'),
  row(76, 'streettalk-directory-assistance-server', ips, 'RFC 2132 §8.21'),
  row(77, 'user-class', userClass, 'RFC 3004'),
  row(78, 'slp-directory-agent', slpAgents, 'RFC 2610'),
  row(79, 'slp-service-scope', slpScope, 'RFC 2610'),
  row(80, 'rapid-commit', presence, 'RFC 4039'),
  row(81, 'fqdn', clientFqdn, 'RFC 4702', ['client-fqdn']),
  row(82, 'dhcp-agent-options', relayAgent, 'RFC 3046', ['relay-agent-information']),
  row(83, 'isns', bytes, 'RFC 4174'),
  row(85, 'nds-servers', ips, 'RFC 2241'),
  row(86, 'nds-tree-name', text, 'RFC 2241'),
  row(87, 'nds-context', text, 'RFC 2241'),
  row(88, 'bcms-controller-names', domainNames, 'RFC 4280'),
  row(89, 'bcms-controller-address', ips, 'RFC 4280'),
  row(90, 'authentication', bytes, 'RFC 3118'),
  row(91, 'client-last-transaction-time', duration, 'RFC 4388'),
  row(92, 'associated-ip', ips, 'RFC 4388'),
  row(93, 'client-system', uint16s, 'RFC 4578', ['client-arch', 'pxe-system-type', 'architecture']),
  row(94, 'client-ndi', networkInterface, 'RFC 4578', ['pxe-interface-id']),
  row(95, 'ldap-url', text, 'RFC 3679'),
  row(97, 'uuid-guid', machineId, 'RFC 4578', ['client-uuid', 'pxe-client-id']),
  row(98, 'uap-servers', text, 'RFC 2485', ['user-authentication']),
  row(99, 'geoconf-civic', bytes, 'RFC 4776'),
  row(100, 'pcode', text, 'RFC 4833', ['tz-posix']),
  row(101, 'tcode', text, 'RFC 4833', ['tz-name']),
  row(108, 'v6-only-preferred', duration, 'RFC 8925'),
  row(109, 'dhcp4o6-source-address', bytes, 'RFC 8539'),
  row(112, 'netinfo-server-address', ips, 'RFC 3679'),
  row(113, 'netinfo-server-tag', text, 'RFC 3679'),
  row(114, 'captive-portal', text, 'RFC 8910', ['v4-captive-portal', 'default-url']),
  row(116, 'auto-configure', flag, 'RFC 2563', ['auto-config']),
  row(117, 'name-service-search', uint16s, 'RFC 2937'),
  row(118, 'subnet-selection', ip, 'RFC 3011'),
  row(119, 'domain-search', domainSearch, 'RFC 3397'),
  row(120, 'sip-servers', sipServers, 'RFC 3361', ['sip-server']),
  row(121, 'classless-static-routes', classlessRoutes, 'RFC 3442', [
    'classless-static-route',
    'classless-routes',
    'rfc3442-classless-static-routes',
  ]),
  row(122, 'cablelabs-client-configuration', plain, 'RFC 3495'),
  row(123, 'geoconf', bytes, 'RFC 6225'),
  row(124, 'vivco', enterpriseData, 'RFC 3925', ['vivco-suboptions', 'vendor-identifying-vendor-class']),
  row(125, 'vivso', enterpriseData, 'RFC 3925', ['vivso-suboptions', 'vendor-identifying-vendor-options']),
  // Of each vendor's own meaning for PXE (RFC 4578 §2.4); the aliases are what IP phones and Etherboot take them for.
  row(128, 'pxe-128', untyped, 'RFC 4578 §2.4', ['etherboot-signature']),
  row(129, 'pxe-129', untyped, 'RFC 4578 §2.4', ['kernel-options']),
  row(130, 'pxe-130', untyped, 'RFC 4578 §2.4', ['discrimination-string']),
  row(131, 'pxe-131', untyped, 'RFC 4578 §2.4', ['remote-statistics-server']),
  row(132, 'pxe-132', untyped, 'RFC 4578 §2.4', ['vlan-id']),
  row(133, 'pxe-133', untyped, 'RFC 4578 §2.4', ['layer-2-priority']),
  row(134, 'pxe-134', untyped, 'RFC 4578 §2.4', ['dscp']),
  row(135, 'pxe-135', untyped, 'RFC 4578 §2.4', ['phone-http-proxy']),
  row(136, 'pana-agents', ips, 'RFC 5192', ['pana-agent']),
  row(137, 'v4-lost', domainName, 'RFC 5223'),
  row(138, 'capwap-ac-v4', ips, 'RFC 5417'),
  row(139, 'mos-ipv4-address', plain, 'RFC 5678'),
  row(140, 'mos-fqdn', plain, 'RFC 5678'),
  row(141, 'sip-ua-cs-domains', domainNames, 'RFC 6011'),
  row(142, 'andsf-ipv4-address', ips, 'RFC 6153'),
  row(143, 'v4-sztp-redirect', uris, 'RFC 8572'),
  row(144, 'geoloc', bytes, 'RFC 6225'),
  row(145, 'forcerenew-nonce-capable', uint8s, 'RFC 6704'),
  row(146, 'rdnss-selection', bytes, 'RFC 6731'),
  row(147, 'v4-dots-ri', domainName, 'RFC 8973'),
  row(148, 'v4-dots-address', ips, 'RFC 8973'),
  row(150, 'tftp-server-address', ips, 'RFC 5859', ['tftp-server-addresses']),
  row(151, 'status-code', bytes, 'RFC 6926'),
  row(152, 'base-time', uint32, 'RFC 6926'),
  row(153, 'start-time-of-state', duration, 'RFC 6926'),
  row(154, 'query-start-time', uint32, 'RFC 6926'),
  row(155, 'query-end-time', uint32, 'RFC 6926'),
  row(156, 'dhcp-state', uint8, 'RFC 6926'),
  row(157, 'data-source', uint8, 'RFC 6926'),
  row(158, 'v4-pcp-server', bytes, 'RFC 7291'),
  row(159, 'v4-portparams', bytes, 'RFC 7618'),
  row(161, 'mud-url', text, 'RFC 8520'),
  row(162, 'v4-dnr', bytes, 'RFC 9463'),
  row(175, 'ipxe', ipxe, 'iPXE', ['ipxe-encap', 'etherboot']),
  row(176, 'ip-telephone', text, 'IANA'),
  row(177, 'packetcable', untyped, 'IANA', ['etherboot-177']),
  row(203, 'iscsi-initiator-iqn', text, 'iPXE'),
  row(208, 'pxelinux-magic', bytes, 'RFC 5071', ['loader-magic']),
  row(209, 'pxelinux-config-file', text, 'RFC 5071', ['loader-configfile', 'configfile']),
  row(210, 'pxelinux-path-prefix', text, 'RFC 5071', ['loader-pathprefix', 'pathprefix']),
  row(211, 'pxelinux-reboot-time', duration, 'RFC 5071', ['loader-reboottime', 'reboottime']),
  row(212, 'option-6rd', bytes, 'RFC 5969'),
  row(213, 'v4-access-domain', domainName, 'RFC 5986'),
  row(220, 'subnet-allocation', bytes, 'RFC 6656'),
  row(221, 'virtual-subnet-selection', bytes, 'RFC 6607'),
  row(249, 'ms-classless-static-routes', classlessRoutes, '[MS-DHCPE]'),
  row(252, 'wpad-url', text, 'IETF draft, expired', ['wpad']),
] as const satisfies readonly OptionRow[];

/** The name of an option that the table has. */
export type OptionName = (typeof OPTION_TABLE)[number]['name'];
