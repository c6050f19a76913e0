/**
 * Boots each kind of firmware from Pilotlight, captures what was said on the wire, and writes it to tests/golden/ as
 * MODE.PROGRAM.MESSAGE.hex. Words name the takes that are wanted, e.g. `proxy uefi-http`: none, all. Needs root. Afterwards
 * let the golden test write the texts anew and read their diff:
 *
 *   sudo node_modules/.bin/node scripts/capture-golden.ts [full|proxy|relay] [bios|uefi|uefi-http|uefi-arm64]
 *   UPDATE_GOLDEN=1 node_modules/.bin/node --test tests/dhcp/golden.test.ts
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ANY_FILE, MENU, UNDIONLY } from '../tests/golden/profiles.ts';
import { startCapture } from '../tests/lab/capture.ts';
import { hexLines, nameConversations } from '../tests/lab/conversations.ts';
import type { Firmware } from '../tests/lab/machine.ts';
import { openRemoteLink, REMOTE_DHCP } from '../tests/lab/remote-link.ts';
import {
  BOOT_DEADLINE,
  bootToLinux,
  NODE,
  type NodeOptions,
  openScene,
  type Scene,
  type SceneMode,
} from '../tests/lab/scene.ts';
import type { ServerSetup } from '../tests/lab/server.ts';

const GOLDEN = resolve(import.meta.dirname, '../tests/golden');

interface Take {
  /** relay: full mode, the machine behind a relay agent; what is captured is what passes between relay and server. */
  readonly mode: SceneMode | 'relay';
  readonly firmware: Firmware;
  /** The DHCP clients of this boot, in their order. */
  readonly programs: readonly string[];
  /** The one of them whose packets are kept; default: all. */
  readonly keep?: string;
  /** Instead of a profile that boots Linux. */
  readonly profile?: string;
  /** How often the machine gets its address before it is switched off. Default: it boots Linux. */
  readonly acks?: number;
}

const TAKES: readonly Take[] = [
  { mode: 'full', firmware: 'bios', programs: ['ipxe-rom-bios'] },
  { mode: 'full', firmware: 'uefi', programs: ['ovmf-pxe', 'snponly-ipxe'] },
  { mode: 'proxy', firmware: 'bios', programs: ['ipxe-rom-bios'] },
  { mode: 'proxy', firmware: 'uefi', programs: ['ovmf-pxe', 'snponly-ipxe'] },
  {
    mode: 'full',
    firmware: 'bios',
    programs: ['ipxe-rom-bios', 'undionly-ipxe'],
    keep: 'undionly-ipxe',
    profile: UNDIONLY,
    acks: 2,
  },
  { mode: 'full', firmware: 'uefi-http', programs: ['ovmf-http', 'snponly-ipxe'], keep: 'ovmf-http' },
  { mode: 'proxy', firmware: 'uefi-http', programs: ['ovmf-http', 'snponly-ipxe'], keep: 'ovmf-http' },
  {
    mode: 'full',
    firmware: 'uefi-arm64',
    programs: ['aavmf-pxe'],
    profile: ANY_FILE,
    acks: 1,
  },
  { mode: 'full', firmware: 'uefi', programs: ['ovmf-menu'], profile: MENU, acks: 2 },
  { mode: 'proxy', firmware: 'uefi', programs: ['ovmf-menu'], profile: MENU, acks: 2 },
  { mode: 'relay', firmware: 'bios', programs: ['ipxe-rom-bios'] },
  { mode: 'relay', firmware: 'uefi', programs: ['ovmf-pxe', 'snponly-ipxe'], acks: 2 },
];

/** Switches the machine off once it was given its address so many times: for its firmware, then for what that fetched. */
async function untilAcks(scene: Scene, firmware: Firmware, node: NodeOptions, wanted: number): Promise<void> {
  const machine = scene.powerOn(firmware, node);
  let acks = 0;
  const isLast = ({ kind, reply, mac }: { kind?: string; reply?: string; mac?: string }): boolean => {
    if (kind === 'decision' && reply === 'ACK' && mac === NODE.mac) acks += 1;
    return acks === wanted;
  };
  try {
    await scene.server.records.waitFor(`ACK number ${wanted}`, isLast, { seconds: BOOT_DEADLINE });
  } finally {
    await machine.stop();
  }
}

/** The scene's folder as this take needs it. */
function setupOf({ mode, profile }: Take): (setup: ServerSetup) => ServerSetup {
  return (setup) => ({
    ...setup,
    config: mode === 'relay' ? { ...setup.config, dhcp: REMOTE_DHCP } : setup.config,
    texts: { ...setup.texts, ...(profile === undefined ? {} : { 'profiles/linux.yaml': profile }) },
  });
}

async function record(take: Take): Promise<void> {
  const { mode, firmware, acks } = take;
  const scene = await openScene(mode === 'relay' ? 'full' : mode, setupOf(take));
  try {
    const node = mode === 'relay' ? { tap: await openRemoteLink(scene.rack) } : {};
    const capture = await startCapture(scene.rack);
    await (acks === undefined ? bootToLinux(scene, firmware, node) : untilAcks(scene, firmware, node, acks));
    for (const [name, payload] of nameConversations(await capture.stop(), take.programs)) {
      if (take.keep !== undefined && !name.startsWith(take.keep)) continue;
      writeFileSync(join(GOLDEN, `${mode}.${name}.hex`), hexLines(payload));
      console.log(`${mode}.${name}.hex  ${payload.length} bytes`);
    }
  } finally {
    await scene.close();
  }
}

const wanted = new Set(process.argv.slice(2));
const isWanted = (word: string, kind: readonly string[]): boolean =>
  wanted.has(word) || !kind.some((each) => wanted.has(each));
const modes = TAKES.map(({ mode }) => mode);
const firmwares = TAKES.map(({ firmware }) => firmware);
for (const take of TAKES) {
  if (isWanted(take.mode, modes) && isWanted(take.firmware, firmwares)) await record(take);
}
