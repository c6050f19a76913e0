/** The PXE part of a reply: which options make each kind of firmware take the boot file, and no more than those. */

import { isUefi } from '../boot/arch.ts';
import type { Facts } from '../boot/facts.ts';
import type { BootPlan } from '../boot/plan.ts';
import { OPTION } from '../dhcp/codes.ts';
import { encodeSuboptions } from '../dhcp/suboptions.ts';
import { bytesOf } from '../dhcp/wiretext.ts';
import type { Profile } from '../profiles/model.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';

/** How the reply reaches the client: as the only DHCP server, as a proxy beside one, or on port 4011. */
export type Role = 'full' | 'proxy' | 'port4011';

/** PXE_DISCOVERY_CONTROL (sub-option 6) bit 3: take the boot file of this very reply, discover no boot server. */
const SKIP_DISCOVERY = encodeSuboptions([[6, Uint8Array.of(8)]], { end: true });

/** iPXE's own option space: 176 (no-pxedhcp) = 1 says that no proxy will answer, which ends a wait of 2 to 3 s. */
const NO_PXEDHCP = encodeSuboptions([[176, Uint8Array.of(1)]]);

const PXE_CLIENT = bytesOf('PXEClient');
const HTTP_CLIENT = bytesOf('HTTPClient');

/** Names end in a NUL inside the option: a ROM that reads up to one would take END's 0xff along (peers P3). */
const named = (text: string): Uint8Array => bytesOf(`${text}\0`);

/**
 * Whether a proxy's offer carries option 43. BIOS ROMs want it, else they look for a boot server. EDK2 drops the first
 * proxy offer whose option 43 has sub-options 6–10 and takes one without them as BINL, asking port 4011 next
 * (tianocore/edk2#6944); a profile can choose the other way for firmware that wants it.
 */
function skipsDiscovery(facts: Facts, profile: Profile | undefined, role: Role): boolean {
  if (role === 'full' || facts.stage !== 'rom') return false;
  const uefi = facts.arch !== undefined && isUefi(facts.arch);
  return !uefi || profile?.uefiProxy === 'discovery';
}

/** The class that a reply has to bear (option 60), if any. */
function vendorClass(facts: Facts, role: Role): Uint8Array | undefined {
  // UEFI HTTP Boot takes no offer without it, full or proxy (UEFI 2.10 §24.7.3).
  if (facts.stage === 'http') return HTTP_CLIENT;
  // In a full offer it would send UEFI on to port 4011 (EDK2 types it DhcpBinl); without it the file is taken at once.
  return role === 'full' ? undefined : PXE_CLIENT;
}

/** Puts the boot options of a plan into a reply's options. `uuid` is option 97 as it came: PXE wants it back. */
export function addBootOptions(
  options: Map<number, Uint8Array>,
  boot: {
    readonly facts: Facts;
    readonly profile: Profile | undefined;
    readonly plan: BootPlan;
    readonly role: Role;
    readonly address: Ipv4;
    readonly uuid: Uint8Array | undefined;
  },
): void {
  const { facts, plan, role } = boot;
  if (plan.bootFile === undefined) return;
  // The server by name as well as in siaddr: Raspberry Pi 4 and others read only option 66 (peers P4).
  options.set(OPTION.TFTP_SERVER_NAME, named(formatIpv4(boot.address)));
  options.set(OPTION.BOOT_FILE, named(plan.bootFile));
  const vendor = vendorClass(facts, role);
  if (vendor !== undefined) options.set(OPTION.VENDOR_CLASS, vendor);
  if (boot.uuid !== undefined && facts.stage !== 'http') options.set(OPTION.CLIENT_UUID, boot.uuid);
  if (skipsDiscovery(facts, boot.profile, role)) options.set(OPTION.VENDOR_OPTIONS, SKIP_DISCOVERY);
  if (role === 'full' && facts.stage === 'ipxe') options.set(OPTION.IPXE, NO_PXEDHCP);
}
