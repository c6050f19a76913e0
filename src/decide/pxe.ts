/** The PXE part of a reply: which options make each kind of firmware take the boot file, and no more than those. */

import { isUefi } from '../boot/arch.ts';
import { type Facts, pxeClassOf } from '../boot/facts.ts';
import type { BootPlan } from '../boot/plan.ts';
import type { Adjustment } from '../boot/quirks.ts';
import { OPTION } from '../dhcp/codes.ts';
import { written } from '../dhcp/cursor.ts';
import { encodePxeAnswer, encodePxeMenu, type PxeBootItem } from '../dhcp/pxe.ts';
import { textNul } from '../dhcp/shapes/text.ts';
import { encodeSuboptions } from '../dhcp/suboptions.ts';
import { bytesOf } from '../dhcp/wiretext.ts';
import type { Profile } from '../profiles/model.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';

/** How the reply reaches the client: as the only DHCP server, as a proxy beside one, or on port 4011. */
export type Role = 'full' | 'proxy' | 'port4011';

/** iPXE's own option space: 176 (no-pxedhcp) = 1 says that no proxy will answer, which ends a wait of 2 to 3 s. */
const NO_PXEDHCP = encodeSuboptions([[176, Uint8Array.of(1)]]);

const HTTP_CLIENT = bytesOf('HTTPClient');

/** Names end in a NUL inside the option: a ROM that reads up to one would take END's 0xff along (peers P3). */
const named = textNul.encode;

const ipv4Bytes = (address: Ipv4): Uint8Array => written(4, (writer) => writer.u32(address));

/**
 * A menu of one item that is chosen at once, the boot server type 0, which is the local disk (PXE 2.1 table 2-1:
 * PXE_DISCOVERY_CONTROL, PXE_MENU_PROMPT with timeout 0, PXE_BOOT_MENU). The server is discovered nowhere.
 */
function localMenu(title: string, prompt: string): Uint8Array {
  const item = bytesOf(title);
  return encodeSuboptions(
    [
      [6, Uint8Array.of(3)],
      [10, Uint8Array.of(0, ...bytesOf(prompt))],
      [9, Uint8Array.of(0, 0, item.length, ...item)],
    ],
    { end: true },
  );
}

/** What a reply's boot options come from. */
interface Boot {
  readonly facts: Facts;
  readonly profile: Profile | undefined;
  readonly plan: BootPlan;
  readonly role: Role;
  readonly address: Ipv4;
  /** Option 97 as it came: PXE wants it back. */
  readonly uuid: Uint8Array | undefined;
  readonly adjust: Adjustment;
  /** What is asked for on port 4011 by its number in a menu. */
  readonly item: PxeBootItem | undefined;
}

/** Option 43, if any. */
function vendorOptions(boot: Boot): Uint8Array | undefined {
  const { facts, plan, role, address, adjust, item } = boot;
  if (adjust.piMenu === true) return localMenu('Raspberry Pi Boot', 'PXE');
  const bare = facts.stage === 'rom';
  if (bare && plan.instead === 'local') return localMenu('Local disk', 'Local disk');
  const inOffers = bare && bearsInOffers(boot);
  // Firmware that drops an offer with a menu in it takes one on port 4011, where the offer leads it (seen on OVMF).
  if (plan.menu !== undefined && (inOffers || role !== 'proxy'))
    return encodePxeMenu({ ...plan.menu, server: address });
  const skipDiscovery = inOffers && role !== 'full';
  return skipDiscovery || item !== undefined ? encodePxeAnswer({ skipDiscovery, item }) : undefined;
}

/** Whether this firmware takes option 43 in an offer. BIOS ROMs beside another server want it, else they look for a boot server. */
function bearsInOffers({ facts, profile, adjust }: Boot): boolean {
  const uefi = facts.arch !== undefined && isUefi(facts.arch);
  const byProfile = uefi && profile?.uefiProxy !== undefined;
  return byProfile ? profile.uefiProxy === 'discovery' : adjust.discovery !== 'none';
}

/** The class that a reply has to bear (option 60), if any. */
function vendorClass({ facts, role }: Boot, hasVendorOptions: boolean): Uint8Array | undefined {
  // UEFI HTTP Boot takes no offer without it, full or proxy (UEFI 2.10 §24.7.3).
  if (facts.stage === 'http') return HTTP_CLIENT;
  // What stands in option 43 is PXE's only under this class.
  const own = bytesOf(pxeClassOf(facts.vendorClass ?? '') ?? 'PXEClient');
  if (hasVendorOptions) return own;
  // In a full offer it would send UEFI on to port 4011 (EDK2 types it DhcpBinl); without it the file is taken at once.
  return role === 'full' ? undefined : own;
}

/** Whether firmware is told anything about booting: a file, where files are, or to go on to its disk. */
export function tellsOfBooting(plan: BootPlan, adjust: Adjustment): boolean {
  if (plan.bootFile !== undefined || plan.instead === 'server') return true;
  return plan.instead === 'local' && adjust.localBoot !== 'silence';
}

/** Puts the boot options of a plan into a reply's options. */
export function addBootOptions(options: Map<number, Uint8Array>, boot: Boot): void {
  const { facts, plan, role, adjust } = boot;
  if (!tellsOfBooting(plan, adjust)) return;
  if (plan.instead !== 'local') {
    // The server by name as well as in siaddr: Raspberry Pi 4 and others read only option 66 (peers P4), some phones
    // and firewalls only 150, which goes to who asks for it.
    options.set(OPTION.TFTP_SERVER_NAME, named(formatIpv4(boot.address)));
    options.set(OPTION.TFTP_SERVER_ADDRESS, ipv4Bytes(boot.address));
  }
  if (plan.bootFile !== undefined) options.set(OPTION.BOOT_FILE, named(plan.bootFile));
  const inVendor = vendorOptions(boot);
  if (inVendor !== undefined) options.set(OPTION.VENDOR_OPTIONS, inVendor);
  const vendor = vendorClass(boot, inVendor !== undefined);
  if (vendor !== undefined) options.set(OPTION.VENDOR_CLASS, vendor);
  if (boot.uuid !== undefined && facts.stage !== 'http') options.set(OPTION.CLIENT_UUID, boot.uuid);
  if (role === 'full' && facts.stage === 'ipxe') options.set(OPTION.IPXE, NO_PXEDHCP);
}
