/** Runs the `tests:` of profiles against a freshly loaded inventory, before it comes into force. */
import type { Inventory, ProfileTest } from '../profiles/model.ts';
import type { Diagnostic } from '../yaml/diagnostic.ts';
import type { World } from './decision.ts';
import { type Explanation, explain, type Where } from './explain.ts';

type Check = (expect: ProfileTest['expect'], got: Explanation) => string | undefined;

const differs = (
  what: string,
  wanted: string | undefined,
  got: string | null | undefined,
): string | undefined =>
  wanted === undefined || wanted === got ? undefined : `expected ${what} ${wanted}, got ${got ?? 'none'}`;

const CHECKS: readonly Check[] = [
  (expect, got) => differs('profile', expect.profile, got.profile),
  (expect, got) => differs('bootFile', expect.bootFile, got.reply.bootFile),
  (expect, got) => differs('nextServer', expect.nextServer, got.reply.nextServer),
  (expect, got) => {
    if (expect.script === undefined || got.reply.script?.includes(expect.script) === true) return undefined;
    const fault = got.reply.fault;
    return `expected a script holding ${JSON.stringify(expect.script)}, got ${fault ?? got.reply.script ?? 'none'}`;
  },
];

/** One PROFILE_TEST_FAILED for each expectation that does not hold; empty when all do. */
export function verifyProfiles(
  inventory: Inventory,
  world: Omit<World, 'inventory'>,
  where: Where,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const profile of inventory.profiles) {
    for (const test of profile.tests) {
      const got = explain(test.given, where, { ...world, inventory });
      for (const check of CHECKS) {
        const message = check(test.expect, got);
        if (message === undefined) continue;
        diagnostics.push({
          severity: 'error',
          code: 'PROFILE_TEST_FAILED',
          position: test.position,
          message,
          hint: `the decision was: ${got.decision}`,
        });
      }
    }
  }
  return diagnostics;
}
