/** What is no DHCP message, or not one for a server: silence, and a counter. What is merely odd is answered. */
import { discover, type More, message, type Sending } from '../client.ts';
import { TYPE, text, tlv, u8, type WireOption } from '../message.ts';
import { type Row, type Stage, silence } from '../table.ts';

export interface Fault {
  readonly rule: string;
  /** The label of the counter that goes up. */
  readonly counts: string;
  readonly options?: readonly WireOption[];
  readonly more?: More;
}

const DISCOVER: WireOption = [53, u8(TYPE.DISCOVER)];

/** All of these are sent as a DISCOVER would be. */
export const FAULTS: readonly Fault[] = [
  { rule: 'an empty datagram', counts: 'TOO_SHORT', more: { cutTo: 0 } },
  { rule: 'a header cut off', counts: 'TOO_SHORT', more: { cutTo: 235 } },
  { rule: 'op 0', counts: 'BAD_OP', more: { op: 0 } },
  { rule: 'op 2: a reply', counts: 'BAD_OP', more: { op: 2 } },
  { rule: 'op 255', counts: 'BAD_OP', more: { op: 255 } },
  { rule: 'hlen 17', counts: 'BAD_HLEN', more: { hlen: 17 } },
  { rule: 'hlen 255', counts: 'BAD_HLEN', more: { hlen: 255 } },
  { rule: 'a wrong cookie', counts: 'BAD_COOKIE', more: { cookie: '63825364' } },
  { rule: 'half a cookie', counts: 'BAD_COOKIE', more: { cutTo: 238 } },
  { rule: 'a vendor area of another kind', counts: 'BAD_COOKIE', more: { cookie: '434d5500' } },
  {
    rule: 'an option that claims more bytes than there are',
    counts: 'OPTION_OVERRUN',
    options: [DISCOVER, [12, text('name'), 200]],
  },
  {
    rule: 'an option whose length is cut off',
    counts: 'OPTION_OVERRUN',
    options: [DISCOVER],
    more: { tail: u8(12) },
  },
  {
    rule: 'an option that runs past the end of file',
    counts: 'OPTION_OVERRUN',
    options: [DISCOVER, [52, u8(1)]],
    more: { file: `${'00'.repeat(120)}0cff` },
  },
  {
    rule: 'an option that runs past the end of sname',
    counts: 'OPTION_OVERRUN',
    options: [DISCOVER, [52, u8(2)]],
    more: { sname: `${'00'.repeat(62)}0c01` },
  },
  { rule: 'a message type of no bytes', counts: 'BAD_MESSAGE_TYPE', options: [[53, '']] },
  { rule: 'a message type of two bytes', counts: 'BAD_MESSAGE_TYPE', options: [[53, '0101']] },
  { rule: 'a message type given twice', counts: 'BAD_MESSAGE_TYPE', options: [DISCOVER, DISCOVER] },
  { rule: 'message type 0', counts: 'BAD_MESSAGE_TYPE', options: [[53, '00']] },
  { rule: 'message type 255', counts: 'BAD_MESSAGE_TYPE', options: [[53, 'ff']] },
];

const faulty =
  ({ options = [DISCOVER], more = {} }: Fault) =>
  ({ client }: Stage): Sending =>
    message(client, options, more);

const REFUSED: readonly Row[] = FAULTS.map((fault) => ({
  rfc: 'malformed',
  rule: `silence: ${fault.rule}`,
  send: faulty(fault),
  back: silence,
}));

const SERVERS_WORDS: readonly Row[] = (['OFFER', 'ACK', 'NAK'] as const).map((name) => ({
  rfc: 'RFC 2131 table 3',
  rule: `silence: ${name} is what servers send, even with op 1`,
  send: ({ client }) => message(client, [[53, u8(TYPE[name])]]),
  back: silence,
}));

/** RFC 1122 §1.2.2: be liberal in what you accept. */
const TOLERATED: readonly Row[] = [
  { rule: 'no END', more: { tail: '' } },
  { rule: 'options behind END', more: { tail: `ff${tlv(61, '00ee')}` } },
  { rule: 'padding between options', more: { tail: `000000${tlv(12, text('x'))}0000ff` } },
  { rule: 'unknown options', more: { options: [[199, '00112233']] satisfies WireOption[] } },
  {
    rule: 'options of no bytes',
    more: {
      options: [
        [12, ''],
        [60, ''],
        [77, ''],
      ] satisfies WireOption[],
    },
  },
  {
    rule: 'options of a wrong length',
    more: {
      options: [
        [50, '0a4d'],
        [54, ''],
        [57, ''],
      ] satisfies WireOption[],
    },
  },
  {
    rule: 'overload of an undefined value',
    more: { options: [[52, u8(9)]] satisfies WireOption[], file: tlv(61, '00ee') },
  },
  { rule: 'all reserved flags', more: { flags: 0x7fff } },
  { rule: 'the largest datagram of one frame', more: { tail: `ff${'00'.repeat(1472 - 244)}` } },
].map(({ rule, more }) => ({
  rfc: 'RFC 1122 §1.2.2',
  rule: `answered: ${rule}`,
  send: ({ client }) => discover(client, more),
  back: ({ client }) => ({ type: 'OFFER', link: client.mac, lacks: [61] }),
}));

export const MALFORMED: readonly Row[] = [...REFUSED, ...SERVERS_WORDS, ...TOLERATED];
