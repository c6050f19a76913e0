/**
 * The decision about one message: a pure function of its facts and the world at that moment. The same function serves
 * the wire, `explain` and the tests inside profiles.
 */
import { type Applied, applyQuirks } from '../boot/quirks.ts';
import { selectProfile, whileLooping } from '../boot/select.ts';
import { PXE_PORT } from '../dhcp/destination.ts';
import { formatIpv4, isUnicast } from '../values/ipv4.ts';
import { type Asked, ignore } from './asked.ts';
import type { Decision, Question, World } from './decision.ts';
import { decideFull } from './full.ts';
import { decideProxy } from './proxy.ts';

/** Decides what to answer. Changes nothing: the caller commits `change`, then sends. */
export function decide(question: Question, world: World): Decision {
  const { facts } = question;
  const { arrival, message } = facts;
  const selected = selectProfile(facts, world.inventory);
  const selection = world.isLooping?.(facts) === true ? whileLooping(selected) : selected;
  const address = world.serverAddress ?? arrival.localAddress;
  const inFull = world.policy.mode === 'full' && arrival.port !== PXE_PORT;
  const quirks = applyQuirks(facts, inFull ? 'full' : 'proxy', world.quirks);
  const asked: Asked = {
    question,
    world,
    selection,
    quirks,
    address,
    serverId: facts.relay?.serverIdOverride || address,
  };
  if (message === 'OFFER' || message === 'ACK' || message === 'NAK') {
    return ignore(asked, 'NOT_A_CLIENT', `${message} is what servers send`);
  }
  if (address === 0) return ignore(asked, 'NO_ADDRESS', `${arrival.nic} has no IPv4 address to answer with`);
  const giaddr = facts.relay?.giaddr ?? 0;
  if (giaddr !== 0 && !isUnicast(giaddr)) {
    return ignore(asked, 'NO_SUBNET', `no relay has the address ${formatIpv4(giaddr)}`);
  }
  if (selection.profile?.boot.kind === 'none' && facts.stage !== 'other') {
    return ignore(asked, 'NOT_TO_BOOT', 'its profile says boot: none');
  }
  const role = arrival.port === PXE_PORT ? 'port4011' : 'proxy';
  return withQuirks(inFull ? decideFull(asked) : decideProxy(asked, role), quirks);
}

/** Names the quirks in the decision, and has the reply sent as they say. */
function withQuirks(decision: Decision, { quirks, adjust }: Applied): Decision {
  if (quirks.length === 0) return decision;
  const names = quirks.map(({ name }) => name);
  if (decision.kind === 'ignore') return { ...decision, quirks: names };
  const { broadcast, replyDelay } = adjust;
  const sending =
    broadcast === undefined && replyDelay === undefined ? undefined : { broadcast, delay: replyDelay };
  return { ...decision, quirks: names, sending };
}
