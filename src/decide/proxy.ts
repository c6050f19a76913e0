/** Beside the site's own DHCP server: only who boots from the network is answered, and only about booting. */
import { pxeClassOf } from '../boot/facts.ts';
import { OPTION } from '../dhcp/codes.ts';
import { type Asked, alwaysSent, chosenFrom, ignore, planFor, withNearerOptions } from './asked.ts';
import type { Decision } from './decision.ts';
import { tellsOfBooting } from './pxe.ts';

/** The answer to a DISCOVER on 67, or to whatever a booting client sends to 4011. */
export function decideProxy(asked: Asked, role: 'proxy' | 'port4011'): Decision {
  const { facts } = asked.question;
  const { profile, reason } = asked.selection;
  if (facts.stage === 'other') return ignore(asked, 'NOT_BOOTING', 'not a network boot');
  // It knows nothing of proxies and would take an offer without an address for one with an address.
  if (facts.stage === 'uboot' && pxeClassOf(facts.vendorClass ?? '') === undefined) {
    return ignore(asked, 'NOT_BOOTING', 'U-Boot takes its files from the server of its address');
  }
  const wanted = role === 'proxy' ? facts.message === 'DISCOVER' : facts.message !== 'BOOTP';
  if (!wanted) return ignore(asked, 'NOT_OURS', `a ${facts.message} for the DHCP server beside us`);
  const { bootItem } = asked.question;
  const plan = role === 'port4011' ? chosenFrom(planFor(asked), bootItem) : planFor(asked);
  if (!tellsOfBooting(plan, asked.quirks.adjust)) return ignore(asked, 'NOTHING_TO_BOOT', plan.reason);
  const options = withNearerOptions(new Map(), asked, plan, role);
  return {
    kind: 'reply',
    type: facts.message === 'DISCOVER' ? 'OFFER' : 'ACK',
    yiaddr: 0,
    siaddr: asked.address,
    address: asked.address,
    serverId: asked.serverId,
    bootFile: plan.bootFile,
    options,
    // A proxy's reply is small and nearly all of it matters.
    always: alwaysSent(
      asked,
      new Set([...options.keys()].filter((code) => code !== OPTION.TFTP_SERVER_ADDRESS)),
    ),
    profile: profile?.name,
    reason: `${plan.reason}; profile: ${reason}`,
  };
}
