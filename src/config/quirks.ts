/** `quirks:` of pilotlight.yaml → quirks as the built-in ones are. */
import * as z from 'zod';
import { STAGES } from '../boot/facts.ts';
import { IPXE_FEATURES } from '../boot/ipxe-features.ts';
import { KNOWN_QUIRKS } from '../boot/known-quirks.ts';
import type { Adjustment, Quirk } from '../boot/quirks.ts';
import { OPTION_TABLE } from '../dhcp/option-table.ts';
import { optionByName } from '../dhcp/options.ts';
import { architecture, glob, macPattern, plainPath, uuidPattern } from '../profiles/shapes.ts';
import { checkValue, type Refusal } from '../yaml/check.ts';
import type { Diagnostic } from '../yaml/diagnostic.ts';
import type { YamlDocument } from '../yaml/document.ts';
import { nearest } from '../yaml/nearest.ts';
import { createReporter } from '../yaml/report.ts';
import { duration, mapping, oneOrMany, refuse, text, textAs } from '../yaml/shapes.ts';
import { encodeOptions, optionMap, writtenOptions } from './options.ts';

const on = () => z.literal(true, { error: 'true, or no such key' });

/** One of a closed list of words. */
function word<const Word extends string>(phrase: string, words: readonly Word[]) {
  return textAs<Word>(phrase, (written) => {
    const known = words.find((each) => each === written);
    if (known !== undefined) return known;
    const likely = nearest(written, words);
    return refuse({ hint: likely === undefined ? undefined : `nearest known: ${likely}` });
  });
}

const OPTION_NAMES: readonly string[] = OPTION_TABLE.map(({ name }) => name);

/** A DHCP option by name or number → its number. */
const optionCode = () =>
  z
    .union([z.string(), z.int()], { error: 'the name or number of a DHCP option' })
    .transform((written, context): number => {
      const number = Number(written);
      if (Number.isInteger(number) && number > 0 && number < 255) return number;
      const known = optionByName(String(written));
      if (known !== undefined) return known.code;
      const likely = nearest(String(written), OPTION_NAMES);
      const hint = likely === undefined ? 'write its name or its number' : `nearest known: ${likely}`;
      const params = { code: 'UNKNOWN_OPTION', hint } satisfies Refusal;
      context.addIssue({ code: 'custom', message: `there is no option ${written}`, params });
      return z.NEVER;
    });

const match = mapping({
  mac: oneOrMany(macPattern(), 'a MAC address or pattern, or a list').optional(),
  arch: oneOrMany(architecture(), 'an architecture such as uefi-x64, or a list').optional(),
  stage: oneOrMany(word(`one of ${STAGES.join(', ')}`, STAGES), 'a stage such as rom, or a list')
    .optional()
    .describe('What the client is at this moment: rom, ipxe, http, uboot, rpi or other.'),
  vendorClass: oneOrMany(glob('a vendor class'), 'a vendor class, or a list').optional(),
  userClass: oneOrMany(glob('a user class'), 'a user class, or a list').optional(),
  uuid: oneOrMany(uuidPattern(), 'a UUID or pattern, or a list').optional(),
  mode: z.enum(['full', 'proxy']).optional().describe('Whether we give the addresses. Port 4011 is proxy.'),
  chained: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe('Whether this iPXE is the one that we gave to its firmware.'),
  lacks: oneOrMany(
    word('a feature of iPXE such as http', IPXE_FEATURES),
    'a feature of iPXE such as http, or a list',
  )
    .optional()
    .describe('An iPXE that tells its features, and has not any one of these.'),
});

const adjust = mapping({
  discovery: z
    .enum(['skip', 'none'])
    .optional()
    .describe('Proxy mode: whether option 43 tells firmware to take the boot file of this very reply.'),
  localBoot: z
    .enum(['menu', 'silence'])
    .optional()
    .describe('How bare firmware is sent to its disk: by a PXE menu of one item, or by telling it nothing.'),
  piMenu: on().optional().describe("Send the menu that a Raspberry Pi's ROM looks for."),
  chainIpxe: on().optional().describe('Give this iPXE our own iPXE first.'),
  firmware: plainPath('a boot program').optional().describe('The first stage.'),
  tftpUrl: on().optional().describe('Name files by whole TFTP URLs.'),
  broadcast: on().optional().describe('Reply by broadcast whatever the client asks for.'),
  replyDelay: duration('a duration from 1s to 30s', 1, 30)
    .optional()
    .describe('How long to wait before the answer.'),
  offerHold: duration('a duration from 1s to 1d', 1, 86_400)
    .optional()
    .describe('Full mode: how long an offered address is held for its client.'),
  options: optionMap()
    .optional()
    .describe('Further DHCP options by name or number, over all others, asked for or not.'),
  without: oneOrMany(optionCode(), 'a DHCP option, or a list')
    .optional()
    .describe('DHCP options that this client must not be sent.'),
});

const quirk = mapping(
  {
    name: text('the name of the quirk').describe("A built-in quirk's name: this one takes its place."),
    match: match.optional().describe('All keys must hold; a list means any of. None at all: every client.'),
    adjust: adjust.describe('What is done otherwise. {}: nothing, which switches a built-in quirk off.'),
    evidence: text('where this is known from').optional().describe('What explain tells of it.'),
  },
  'a quirk, { name, match, adjust }',
);

export const quirksSchema = z.array(quirk, { error: 'a list of quirks, each { name, match, adjust }' });

/** The quirks at `quirks:`. What is wrong with their form is the schema's to tell; here is what a schema cannot know. */
export function checkQuirks(document: YamlDocument): {
  quirks: readonly Quirk[];
  diagnostics: readonly Diagnostic[];
} {
  const reporter = createReporter();
  const written = document.has(['quirks'])
    ? (checkValue(quirksSchema, document, ['quirks']).value ?? [])
    : [];
  const quirks = new Map<string, Quirk>();
  for (const [index, { name, match = {}, adjust, evidence }] of written.entries()) {
    const path = ['quirks', index];
    const at = document.at([...path, 'name']);
    if (quirks.has(name)) reporter.error('DUPLICATE_NAME', at, `the quirk ${name} stands here already`);
    if (Object.keys(adjust).length === 0 && !KNOWN_NAMES.includes(name)) {
      const likely = nearest(name, KNOWN_NAMES);
      const hint =
        likely === undefined ? `built-in quirks: ${KNOWN_NAMES.join(', ')}` : `nearest known: ${likely}`;
      reporter.error('WRONG_TYPE', at, `adjust: {} switches a built-in quirk off, and ${name} is none`, hint);
    }
    const encoded = encodeOptions(document, writtenOptions(adjust.options, [...path, 'adjust', 'options']));
    reporter.add(encoded.diagnostics);
    const { file, line } = document.at(path);
    quirks.set(name, {
      name,
      match,
      adjust: inMilliseconds(adjust, encoded.options),
      evidence: evidence ?? `${file}:${line}`,
    });
  }
  return { quirks: [...quirks.values()], diagnostics: reporter.diagnostics };
}

const KNOWN_NAMES = KNOWN_QUIRKS.map(({ name }) => name);

/** Only the keys that are there, so that one quirk does not undo what another sets. */
function inMilliseconds(
  { options, replyDelay, offerHold, ...rest }: z.output<typeof adjust>,
  encoded: ReadonlyMap<number, Uint8Array>,
): Adjustment {
  return {
    ...rest,
    ...(replyDelay === undefined ? {} : { replyDelay: replyDelay * 1000 }),
    ...(offerHold === undefined ? {} : { offerHold: offerHold * 1000 }),
    ...(options === undefined ? {} : { options: encoded }),
  };
}
