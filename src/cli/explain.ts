/** `pilotlight explain`: what a client would get and why. */
import { KNOWN_QUIRKS } from '../boot/known-quirks.ts';
import { quirkTable } from '../boot/quirks.ts';
import { type Explanation, explain } from '../decide/explain.ts';
import type { Description } from '../decide/imagine.ts';
import { createLeaseTable } from '../leases/table.ts';
import { createLinuxNetwork } from '../net/linux.ts';
import { loadFor } from '../serve/inventory.ts';
import { storedTable } from '../serve/leases.ts';
import { describedWhere } from '../serve/where.ts';
import { type ConfigFlag, configOrExit, printDiagnostics } from './load.ts';

type Flags = ConfigFlag & Description & { readonly json?: boolean | undefined };

export async function explainCommand(flags: Flags): Promise<void> {
  const config = await configOrExit(flags);
  if (config === undefined) return;
  const network = createLinuxNetwork();
  const where = describedWhere(config, network.nics());
  await network.close();
  const { inventory, diagnostics } = await loadFor(config, where, 1);
  printDiagnostics(diagnostics);
  if (inventory === undefined) {
    process.exitCode = 1;
    return;
  }
  const explanation = explain(flags, where, {
    policy: config.dhcp,
    inventory,
    leases: config.dhcp.mode === 'full' ? storedTable(config) : createLeaseTable([]),
    limits: config.limits,
    serverAddress: config.serverAddress,
    httpPort: config.http.port,
    quirks: quirkTable(KNOWN_QUIRKS, config.quirks),
    now: Date.now(),
  });
  process.stdout.write(
    flags.json === true ? `${JSON.stringify(explanation, undefined, 2)}\n` : asText(explanation),
  );
}

function asText({ profile, machine, reasons, reply, decision, quirks }: Explanation): string {
  const lines = [
    `machine   ${machine ?? 'not in the inventory'}`,
    `profile   ${profile ?? 'none'}`,
    ...reasons.map(
      ({ profile: name, matched, reason }) => `          ${matched ? '+' : '-'} ${name}: ${reason}`,
    ),
    `decision  ${decision}`,
    ...quirks.map(({ name, evidence }) => `quirk     ${name}: ${evidence}`),
    `reply     ${reply.type ?? 'none'}`,
  ];
  if (reply.address !== null) lines.push(`  address      ${reply.address}`);
  if (reply.nextServer !== null) lines.push(`  next server  ${reply.nextServer}`);
  if (reply.bootFile !== null) lines.push(`  boot file    ${reply.bootFile}`);
  for (const [name, value] of Object.entries(reply.options)) lines.push(`  ${name}: ${value}`);
  if (reply.fault !== undefined) lines.push(`script    cannot be made: ${reply.fault}`);
  if (reply.script !== null)
    lines.push(
      'script',
      ...reply.script
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    );
  return `${lines.join('\n')}\n`;
}
