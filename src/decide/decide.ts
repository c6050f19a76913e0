/**
 * The decision about one message: a pure function of its facts and the world at that moment. The same function serves
 * the wire, `explain` and the tests inside profiles.
 */
import { selectProfile } from '../boot/select.ts';
import { PXE_PORT } from '../dhcp/destination.ts';
import { type Asked, ignore } from './asked.ts';
import type { Decision, Question, World } from './decision.ts';
import { decideFull } from './full.ts';
import { decideProxy } from './proxy.ts';

/** Decides what to answer. Changes nothing: the caller commits `change`, then sends. */
export function decide(question: Question, world: World): Decision {
  const { facts } = question;
  const { arrival, message } = facts;
  const selection = selectProfile(facts, world.inventory);
  const address = world.serverAddress ?? arrival.localAddress;
  const asked: Asked = {
    question,
    world,
    selection,
    address,
    serverId: facts.relay?.serverIdOverride || address,
  };
  if (message === 'OFFER' || message === 'ACK' || message === 'NAK') {
    return ignore(asked, 'NOT_A_CLIENT', `${message} is what servers send`);
  }
  if (address === 0) return ignore(asked, 'NO_ADDRESS', `${arrival.nic} has no IPv4 address to answer with`);
  if (arrival.port === PXE_PORT) return decideProxy(asked, 'port4011');
  return world.policy.mode === 'full' ? decideFull(asked) : decideProxy(asked, 'proxy');
}
