/** The check before a first offer (RFC 2131 §2.2, §3.1 (2)), by ARP probes as RFC 5227 has them. */
import assert from 'node:assert/strict';
import { ANYWHERE, discover, rebooting } from '../client.ts';
import { ip } from '../message.ts';
import type { Scene } from '../scene.ts';
import { RACK } from '../site.ts';
import { bound, type Row, type Stage, took } from '../table.ts';

/** Probes so far: the kernel's own ARP requests bear the server's address as their sender. */
const probesFor = ({ link }: Scene, address: string): number =>
  link.frames.all.filter(
    (frame) => frame.kind === 'arp' && frame.target === address && frame.sender === ANYWHERE,
  ).length;

const TAKEN = '10.77.97.1';
const SQUATTER = '52:54:00:bb:00:01';
const squatted = async ({ scene }: Stage): Promise<void> => scene.link.holds(TAKEN, SQUATTER);

const asks =
  (address: string): Row['send'] =>
  ({ client }) =>
    discover(client, { options: [[50, ip(address)]] });

export const CONFLICTS: readonly Row[] = [
  {
    rfc: 'RFC 2131 §2.2',
    rule: 'an address that is new to its client is probed before it is offered',
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER' }),
    and: ({ scene }, { yiaddr }) => assert.ok(probesFor(scene, yiaddr) > 0, `no probe for ${yiaddr}`),
  },
  {
    rfc: 'RFC 2131 §3.1 (2)',
    rule: 'an address that somebody answers for is not offered, another one is; the administrator is told',
    given: squatted,
    send: asks(TAKEN),
    back: () => ({ type: 'OFFER' }),
    and: ({ scene }, { yiaddr }) => {
      assert.notEqual(yiaddr, TAKEN);
      const warned = scene.server.records.all.some(({ level, msg }) => level >= 40 && msg.includes(TAKEN));
      assert.ok(warned, 'a warning about the address');
    },
  },
  {
    rfc: 'RFC 2131 §3.1 (2)',
    rule: 'it stays out of the pool, without another probe',
    given: async ({ scene }) => {
      scene.link.holds('10.77.97.2', SQUATTER);
      await scene.ask(discover(scene.client(), { options: [[50, ip('10.77.97.2')]] }));
    },
    send: asks('10.77.97.2'),
    back: () => ({ type: 'OFFER' }),
    and: ({ scene }, { yiaddr }) => {
      assert.notEqual(yiaddr, '10.77.97.2');
      assert.equal(probesFor(scene, '10.77.97.2'), 1);
    },
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'a client’s own address is not probed: it answers for it itself',
    given: bound,
    send: ({ client }) => discover(client),
    back: ({ client }) => ({ type: 'OFFER', yiaddr: client.address }),
    and: ({ scene, client }) => assert.equal(probesFor(scene, client.address), 2),
  },
  {
    rfc: 'RFC 2131 §4.3.1',
    rule: 'a new client that uses the address it asks for may have it: it is the one that answers',
    given: async ({ scene, client }) => scene.link.holds('10.77.97.3', client.mac),
    send: asks('10.77.97.3'),
    back: () => ({ type: 'OFFER', yiaddr: '10.77.97.3' }),
  },
  {
    rfc: 'RFC 2131 §4.3.2 INIT-REBOOT',
    rule: 'a client that reboots is answered at once',
    given: bound,
    send: ({ client }) => rebooting(client),
    back: ({ client }) => ({ type: 'ACK', yiaddr: client.address }),
    and: ({ scene, client }) => assert.equal(probesFor(scene, client.address), 2),
  },
  {
    rfc: 'RFC 2131 §2.2',
    rule: 'behind a relay no ARP is heard: nobody answers the echo request, and the address is offered',
    as: { relay: RACK.relay },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', to: `${RACK.relay}:67` }),
    and: (stage, answer) => {
      took(stage, answer);
      assert.equal(probesFor(stage.scene, answer.yiaddr), 0);
    },
  },
];
