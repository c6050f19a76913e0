/** The conformance table: what a row is, and how it is played. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, Sending, Traits } from './client.ts';
import type { Answer, Scene } from './scene.ts';

/** What a row's functions speak of. */
export interface Stage {
  readonly scene: Scene;
  readonly client: Client;
  /** A second client, on the same network and otherwise a stranger. */
  readonly other: Client;
}

/** The parts of an answer that matter to a row; everything left out may be anything. */
export type Expected = Partial<Omit<Answer, 'options'>> & {
  /** Code → bytes in hex. */
  readonly options?: Readonly<Record<number, string>>;
  /** Options that must not be there. */
  readonly lacks?: readonly number[];
};

export interface Step {
  readonly send: (stage: Stage) => Sending;
  /** `silence`: no answer at all. */
  readonly back: 'silence' | ((stage: Stage) => Expected);
  /** What becomes of it, where a later step or the world needs to know: `took` remembers the address. */
  readonly and?: (stage: Stage, answer: Answer) => void | Promise<void>;
}

export interface Row extends Step {
  /** `RFC 2131 §4.3.1` */
  readonly rfc: string;
  /** What the section wants, as one sentence. */
  readonly rule: string;
  /** Who the client is, where that matters. */
  readonly as?: Traits;
  /** What was before. Default: the client is new. */
  readonly given?: (stage: Stage) => Promise<void>;
  readonly next?: readonly Step[];
}

/** Preconditions. */
export const offered = ({ scene, client }: Stage): Promise<void> => scene.offered(client);
export const bound = ({ scene, client }: Stage): Promise<void> => scene.bound(client);
export const bothBound = async ({ scene, client, other }: Stage): Promise<void> => {
  await scene.bound(client);
  await scene.bound(other);
};
export const silence = 'silence';

/** The client takes the offered address for the steps that follow. */
export const took = ({ client }: Stage, answer: Answer): void => {
  client.address = answer.yiaddr;
};

/** The same selection of the answer as the row makes, so that a failure shows one beside the other. */
function selected(answer: Answer, expected: Expected): Expected {
  const chosen: Record<string, unknown> = {};
  const { options = {}, lacks = [], ...rest } = expected;
  for (const key of Object.keys(rest)) chosen[key] = answer[key as keyof Answer];
  if (expected.options !== undefined) {
    chosen['options'] = Object.fromEntries(
      Object.keys(options).map((code) => [code, answer.options[Number(code)]]),
    );
  }
  if (expected.lacks !== undefined) {
    chosen['lacks'] = lacks.filter((code) => answer.options[code] === undefined);
  }
  return chosen;
}

async function play(step: Step, stage: Stage): Promise<void> {
  const sending = step.send(stage);
  if (step.back === 'silence') {
    await stage.scene.askInVain(sending);
    return;
  }
  const answer = await stage.scene.ask(sending);
  const expected = step.back(stage);
  assert.deepEqual(selected(answer, expected), expected);
  await step.and?.(stage, answer);
}

/** Declares one test a row. `sceneOf` is asked when the test runs. */
export function playRows(rows: readonly Row[], sceneOf: () => Scene): void {
  for (const row of rows) {
    test(`${row.rfc}: ${row.rule}`, async () => {
      const scene = sceneOf();
      const client = scene.client(row.as);
      const other = scene.client({ relay: client.relay });
      const stage: Stage = { scene, client, other };
      await row.given?.(stage);
      for (const step of [row, ...(row.next ?? [])]) await play(step, stage);
      for (const [xid, answers] of await scene.settle()) {
        assert.equal(answers, 1, `one answer to transaction ${xid.toString(16)}`);
      }
    });
  }
}
