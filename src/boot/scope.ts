/** What templates see of a client and its machine (contract: machine, client, server, vars, profile). */
import type { Machine, Profile, TemplateScope } from '../profiles/model.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import { hyphenMac } from '../values/mac.ts';
import type { Facts } from './facts.ts';

/** Where this server's files are, as a client reaches them. */
export interface ServerUrls {
  readonly address: Ipv4;
  readonly httpPort: number;
}

/** `http://10.11.11.1:8080`, without a trailing slash. */
export function httpOrigin(server: ServerUrls): string {
  return `http://${formatIpv4(server.address)}:${server.httpPort}`;
}

/** `tftp://10.11.11.1`, without a trailing slash. */
export function tftpOrigin(server: ServerUrls): string {
  return `tftp://${formatIpv4(server.address)}`;
}

/**
 * The scope of every template of a profile. A machine that nobody listed is named after its MAC, since an installer
 * needs some host name; its vars are empty.
 */
export function templateScope(
  facts: Facts,
  machine: Machine | undefined,
  profile: Profile,
  server: ServerUrls,
  address: Ipv4 | undefined,
): TemplateScope {
  const ip = machine?.ip ?? (address || undefined);
  return {
    machine: {
      name: machine?.name ?? hyphenMac(facts.mac),
      mac: facts.mac,
      uuid: machine?.uuid ?? facts.uuid,
      ip: ip === undefined ? undefined : formatIpv4(ip),
      vars: machine?.vars ?? {},
    },
    client: {
      arch: facts.arch,
      vendorClass: facts.vendorClass,
      userClass: facts.userClasses[0],
    },
    server: {
      address: formatIpv4(server.address),
      httpUrl: `${httpOrigin(server)}/boot`,
      tftpUrl: tftpOrigin(server),
    },
    vars: profile.vars,
    profile: { name: profile.name },
  };
}
