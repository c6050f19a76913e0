/**
 * Boots each kind of firmware from Pilotlight, captures what was said on the wire, and writes it to tests/golden/ as
 * MODE.PROGRAM.MESSAGE.hex. Needs root. Afterwards let the golden test write the texts anew and read their diff:
 *
 *   sudo node_modules/.bin/node scripts/capture-golden.ts
 *   UPDATE_GOLDEN=1 node_modules/.bin/node --test tests/dhcp/golden.test.ts
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startCapture } from '../tests/lab/capture.ts';
import { hexLines, nameConversations } from '../tests/lab/conversations.ts';
import type { Firmware } from '../tests/lab/machine.ts';
import {
  BOOT_DEADLINE,
  bootToLinux,
  NODE,
  openScene,
  type Scene,
  type SceneMode,
} from '../tests/lab/scene.ts';

const GOLDEN = resolve(import.meta.dirname, '../tests/golden');

interface Take {
  readonly mode: SceneMode;
  readonly firmware: Firmware;
  /** The DHCP clients of this boot, in their order. */
  readonly programs: readonly string[];
  /** The one of them whose packets are kept; default: all. */
  readonly keep?: string;
  /** Instead of a profile that boots Linux. */
  readonly profile?: string;
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
    profile: 'name: undionly\nboot:\n  file: { bios: undionly.kpxe }\n',
  },
];

/** The machine has its address from the server for the second time: once for its ROM, once for what the ROM fetched. */
async function untilSecondAck(scene: Scene, firmware: Firmware): Promise<void> {
  const machine = scene.powerOn(firmware);
  let acks = 0;
  const isSecond = ({ kind, reply, mac }: { kind?: string; reply?: string; mac?: string }): boolean => {
    if (kind === 'decision' && reply === 'ACK' && mac === NODE.mac) acks += 1;
    return acks === 2;
  };
  try {
    await scene.server.records.waitFor('the second ACK', isSecond, { seconds: BOOT_DEADLINE });
  } finally {
    await machine.stop();
  }
}

async function record(take: Take): Promise<void> {
  const { mode, firmware, profile } = take;
  const scene = await openScene(mode, (setup) =>
    profile === undefined ? setup : { ...setup, texts: { ...setup.texts, 'profiles/linux.yaml': profile } },
  );
  try {
    const capture = await startCapture(scene.rack);
    await (profile === undefined ? bootToLinux(scene, firmware) : untilSecondAck(scene, firmware));
    for (const [name, payload] of nameConversations(await capture.stop(), take.programs)) {
      if (take.keep !== undefined && !name.startsWith(take.keep)) continue;
      writeFileSync(join(GOLDEN, `${mode}.${name}.hex`), hexLines(payload));
      console.log(`${mode}.${name}.hex  ${payload.length} bytes`);
    }
  } finally {
    await scene.close();
  }
}

for (const take of TAKES) await record(take);
