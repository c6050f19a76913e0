/** Options in `file` and `sname` (RFC 2131 §4.1, RFC 2132 §9.3), which the configuration asks for with `overload`. */
import assert from 'node:assert/strict';
import { discover, rebooting } from '../client.ts';
import { text, u8, u16 } from '../message.ts';
import { CROWDED } from '../site.ts';
import { bound, type Row } from '../table.ts';

const CODES = Object.keys(CROWDED.options).map(Number);
const ALL = Object.fromEntries(Object.entries(CROWDED.options).map(([code, value]) => [code, text(value)]));

/** With `overload: true`. */
export const OVERLOADED: readonly Row[] = [
  {
    rfc: 'RFC 2131 §4.1',
    rule: 'what the options field cannot hold is in file and sname, and option 52 says so before it matters',
    as: { relay: CROWDED.relay },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', sname: '', file: '', end: true, options: { ...ALL, 52: u8(3) } }),
    and: (_, { order, size }) => {
      assert.deepEqual(order.slice(0, 2), [53, 52]);
      assert.ok(size <= 548, `${size} bytes`);
    },
  },
  {
    rfc: 'RFC 2132 §9.3',
    rule: 'no overload where there is room',
    as: { relay: CROWDED.relay },
    send: ({ client }) => discover(client, { options: [[57, u16(1500)]] }),
    back: () => ({ type: 'OFFER', options: ALL, lacks: [52] }),
  },
  {
    rfc: 'RFC 2131 table 3',
    rule: 'no overload in a NAK',
    as: { relay: CROWDED.relay },
    given: bound,
    send: ({ client }) => rebooting(client, '10.89.0.9'),
    back: () => ({ type: 'NAK', order: [53, 54, 56] }),
  },
];

/** Without. */
export const NOT_OVERLOADED: readonly Row[] = [
  {
    rfc: 'RFC 2132 §9.3',
    rule: 'no overload unless the configuration asks for it, since old ROMs cannot read it',
    as: { relay: CROWDED.relay },
    send: ({ client }) => discover(client),
    back: () => ({ type: 'OFFER', end: true, lacks: [52] }),
    and: (_, { options, size }) => {
      assert.ok(size <= 548, `${size} bytes`);
      assert.ok(CODES.some((code) => options[code] === undefined));
    },
  },
];
