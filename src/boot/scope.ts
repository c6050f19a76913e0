/** What templates see of a client and its machine (contract: machine, client, server, vars, profile). */
import type { Machine, Profile, TemplateScope } from '../profiles/model.ts';
import { formatHost, formatIp, type IpAddress } from '../values/ip.ts';
import { hyphenMac } from '../values/mac.ts';
import type { Facts } from './facts.ts';

/** Where this server's files are, as a client reaches them. */
export interface ServerUrls<Address extends IpAddress = IpAddress> {
  readonly address: Address;
  readonly httpPort: number;
}

/** `http://10.11.11.1:8080`, `http://[fd00::1]:8080`, without a trailing slash. */
export function httpOrigin(server: ServerUrls): string {
  return `http://${formatHost(server.address)}:${server.httpPort}`;
}

/** `tftp://10.11.11.1`, without a trailing slash. */
export function tftpOrigin(server: ServerUrls): string {
  return `tftp://${formatHost(server.address)}`;
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
  address: IpAddress | undefined,
): TemplateScope {
  const ip = machine?.ip ?? (address || undefined);
  return {
    machine: {
      name: machine?.name ?? hyphenMac(facts.mac),
      mac: facts.mac,
      uuid: machine?.uuid ?? facts.uuid,
      ip: ip === undefined ? undefined : formatIp(ip),
      vars: machine?.vars ?? {},
    },
    client: {
      arch: facts.arch,
      vendorClass: facts.vendorClass,
      userClass: facts.userClasses[0],
    },
    server: {
      address: formatIp(server.address),
      httpUrl: `${httpOrigin(server)}/boot`,
      tftpUrl: tftpOrigin(server),
    },
    vars: profile.vars,
    profile: { name: profile.name },
  };
}
