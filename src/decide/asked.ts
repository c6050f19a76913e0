/** A message with everything that was found out about it before deciding: what the branches of a decision share. */
import { type BootPlan, planBoot } from '../boot/plan.ts';
import type { Applied } from '../boot/quirks.ts';
import type { Selection } from '../boot/select.ts';
import type { PxeBootItem } from '../dhcp/pxe.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import {
  type Decision,
  type IgnoreCode,
  type Ignored,
  type Question,
  urlsOf,
  type World,
} from './decision.ts';
import { addBootOptions, type Role } from './pxe.ts';

export interface Asked {
  readonly question: Question;
  readonly world: World;
  readonly selection: Selection;
  /** The departures of this client's firmware. */
  readonly quirks: Applied;
  /** Our own address as this client reaches it: in URLs, siaddr and option 66. */
  readonly address: Ipv4;
  /** What we call ourselves in option 54: the address, unless the relay wants it otherwise (RFC 5107). */
  readonly serverId: Ipv4;
}

/** A decision to say nothing. */
export function ignore(
  asked: Pick<Asked, 'selection'>,
  code: IgnoreCode,
  reason: string,
  change?: Decision['change'],
): Ignored {
  return { kind: 'ignore', code, reason, profile: asked.selection.profile?.name, change };
}

/** What this client is to boot. */
export function planFor({ question, world, selection, address, quirks }: Asked): BootPlan {
  const { profile, reason } = selection;
  if (profile === undefined) return { reason };
  return planBoot(question.facts, profile, urlsOf(world, address), quirks.adjust);
}

/** The part of a plan that a boot server is asked for: what was chosen in the menu. A plan without a menu is all there is. */
export function chosenFrom(plan: BootPlan, item: PxeBootItem | undefined): BootPlan {
  if (plan.menu === undefined || item === undefined) return plan;
  const chosen = plan.menu.items.find(({ type }) => type === item.type);
  if (chosen?.file === undefined) {
    return { reason: `boot item 0x${item.type.toString(16).padStart(4, '0')} is no program of the menu` };
  }
  return { bootFile: chosen.file, reason: `"${chosen.title}" was chosen in the menu` };
}

/** siaddr: who has the files of a plan; 0 when it has none. */
export function nextServer({ address }: Asked, plan: BootPlan): Ipv4 {
  return plan.bootFile === undefined && plan.instead !== 'server' ? 0 : address;
}

/** What goes out asked for or not: `usual`, and what a quirk sets, since who asks for it needs no quirk. */
export function alwaysSent({ quirks }: Asked, usual: ReadonlySet<number>): ReadonlySet<number> {
  const { options } = quirks.adjust;
  return options === undefined ? usual : new Set([...usual, ...options.keys()]);
}

/**
 * The profile's options, the boot options, and the machine's own, each over what is further: the nearest wins, and an
 * author who sets an option of booting for one machine means it; only a quirk is nearer still. Where there is neither profile nor machine, as for most
 * of a network's clients, what is further is all.
 */
export function withNearerOptions(
  further: ReadonlyMap<number, Uint8Array>,
  { question, selection, address, quirks }: Asked,
  plan: BootPlan,
  role: Role,
): ReadonlyMap<number, Uint8Array> {
  const { facts, uuid, bootItem } = question;
  const { profile, machine } = selection;
  const { adjust } = quirks;
  const changes = adjust.options !== undefined || adjust.without !== undefined;
  if (profile === undefined && machine === undefined && !changes) return further;
  const options = new Map(further);
  if (profile !== undefined) for (const [code, bytes] of profile.options) options.set(code, bytes);
  const item = role === 'port4011' ? bootItem : undefined;
  addBootOptions(options, { facts, profile, plan, role, address, uuid, adjust, item });
  if (machine !== undefined) for (const [code, bytes] of machine.options) options.set(code, bytes);
  // What firmware cannot do without, or cannot bear, is over what anybody wishes.
  for (const [code, bytes] of adjust.options ?? []) options.set(code, bytes);
  for (const code of adjust.without ?? []) options.delete(code);
  return options;
}
