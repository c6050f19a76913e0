/** What a described client would get and why, rule by rule: decide() itself, with its reasons gathered. */
import { renderScript } from '../boot/plan.ts';
import { explainSelection, type Reason, selectProfile } from '../boot/select.ts';
import { OPTION } from '../dhcp/codes.ts';
import { formatOption, optionByCode } from '../dhcp/options.ts';
import { formatIpv4, type Ipv4 } from '../values/ipv4.ts';
import { decide } from './decide.ts';
import { type Decision, urlsOf, type World } from './decision.ts';
import { type Description, imagine } from './imagine.ts';

/** Contract: the JSON of `pilotlight explain --json` and of /v1/explain; `machine`, `decision` and `quirks` are additions. */
export interface Explanation {
  readonly profile: string | null;
  readonly reasons: readonly Reason[];
  readonly reply: ExplainedReply;
  readonly machine: string | null;
  /** The sentence that the log would show. */
  readonly decision: string;
  /** The departures of this client's firmware that shaped the answer, and how each is known. */
  readonly quirks: readonly { readonly name: string; readonly evidence: string }[];
}

/** All null and empty when the client would get no answer; `decision` says why. */
export interface ExplainedReply {
  /** OFFER, or null. */
  readonly type: string | null;
  readonly address: string | null;
  readonly bootFile: string | null;
  readonly nextServer: string | null;
  /** Option name (its number when it has none) → value as text. */
  readonly options: Readonly<Record<string, string>>;
  /** The iPXE script that this client would run in the end, if its profile makes one. */
  readonly script: string | null;
  /** Why the script cannot be made: an author's mistake in a template. */
  readonly fault?: string | undefined;
}

const NO_REPLY: ExplainedReply = {
  type: null,
  address: null,
  bootFile: null,
  nextServer: null,
  options: {},
  script: null,
};

/** Where the described client is taken to be: the NIC that would hear it. */
export interface Where {
  readonly nic: string;
  readonly localAddress: Ipv4;
}

function optionsText(decision: Extract<Decision, { kind: 'reply' }>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [code, bytes] of decision.options) {
    if (code === OPTION.BOOT_FILE) continue;
    texts[optionByCode(code)?.name ?? String(code)] = formatOption(code, bytes);
  }
  return texts;
}

/** Explains the DISCOVER of a described client. Nothing changes: no address is taken. */
export function explain(client: Description, where: Where, world: World): Explanation {
  const question = imagine(client, where);
  const { facts } = question;
  const decision = decide(question, world);
  const { machine, profile } = selectProfile(facts, world.inventory);
  const common = {
    profile: profile?.name ?? null,
    reasons: explainSelection(facts, world.inventory),
    machine: machine === undefined ? null : (machine.name ?? machine.macs[0] ?? machine.uuid ?? null),
    decision: decision.reason,
    quirks: world.quirks
      .filter(({ name }) => decision.quirks?.includes(name) === true)
      .map(({ name, evidence }) => ({ name, evidence })),
  };
  if (decision.kind === 'ignore') return { ...common, reply: NO_REPLY };
  const server = urlsOf(world, decision.address);
  const rendered =
    profile === undefined
      ? undefined
      : renderScript({ facts, machine, profile, server, address: decision.yiaddr || undefined, http: true });
  return {
    ...common,
    reply: {
      type: decision.type ?? 'BOOTREPLY',
      address: decision.yiaddr === 0 ? null : formatIpv4(decision.yiaddr),
      bootFile: decision.bootFile ?? null,
      nextServer: decision.siaddr === 0 ? null : formatIpv4(decision.siaddr),
      options: optionsText(decision),
      script: rendered !== undefined && 'text' in rendered ? rendered.text : null,
      ...(rendered !== undefined && 'fault' in rendered ? { fault: rendered.fault } : {}),
    },
  };
}
