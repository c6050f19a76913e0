/** The usual scene: Pilotlight on a rack's network, alone or beside a foreign DHCP server, and a machine that boots Linux. */
import { GUEST_MARKER, type Guest, prepareGuest } from './guest.ts';
import { type Disk, type Firmware, type Machine, startMachine } from './machine.ts';
import { type Dnsmasq, openRack, type Rack, SERVER_ADDRESS, startForeignDhcp } from './rack.ts';
import { type Server, type ServerSetup, startServer } from './server.ts';

export type SceneMode = 'full' | 'proxy';

/** The machine that the scene's inventory knows. */
export const NODE = { mac: '52:54:00:aa:00:01', name: 'node1' } as const;

/** Seconds; ten times what a boot needs on a quiet machine, since others may be busy beside it. */
export const BOOT_DEADLINE = 300;

/** What is unusual about NODE. */
export interface NodeOptions {
  /** Where it is plugged in. Default: a tap of the rack's bridge. */
  readonly tap?: string;
  readonly disk?: Disk;
}

export interface Scene {
  readonly rack: Rack;
  readonly server: Server;
  /** The foreign DHCP server; proxy mode only. */
  readonly foreign: Dnsmasq | undefined;
  /** Switches NODE on. Its previous incarnation must have been stopped. */
  powerOn(firmware: Firmware, node?: NodeOptions): Machine;
  /** Stops the server, asserting that it ends cleanly, and tears everything down. Safe to call after any failure. */
  close(): Promise<void>;
}

/** A profile that boots the guest, its name and further words on the kernel's command line. */
export function linuxProfile(...words: readonly string[]): string {
  const commandLine = ['hostname={{ machine.name }}', ...words, 'console=ttyS0'].join(' ');
  return `name: linux
boot:
  kernel: vmlinuz
  initrd: [guest.cpio]
  cmdline: "${commandLine}"
`;
}

const SUBNET = {
  subnet: '10.77.0.0/24',
  pools: ['10.77.0.50-10.77.0.99'],
  router: SERVER_ADDRESS,
  leaseTime: '1h',
};

/** The server's folder for a rack: NODE in the inventory, the guest under the TFTP root, Debian's iPXE searched. */
export function sceneSetup(mode: SceneMode, guest: Guest): ServerSetup {
  return {
    config: {
      interfaces: ['eth0'],
      dhcp: mode === 'full' ? { mode, subnets: [SUBNET] } : { mode },
      tftp: { search: ['/usr/lib/ipxe'] },
      log: { level: 'debug' },
    },
    texts: {
      'profiles/linux.yaml': linuxProfile(),
      'machines/rack.yaml': `- mac: ${NODE.mac}\n  name: ${NODE.name}\n`,
    },
    copies: { 'tftpboot/vmlinuz': guest.kernel, 'tftpboot/guest.cpio': guest.initrd },
  };
}

/** Opens the scene; `change` may alter the server's folder before it starts. */
export async function openScene(
  mode: SceneMode,
  change: (setup: ServerSetup) => ServerSetup = (setup) => setup,
): Promise<Scene> {
  const rack = openRack();
  try {
    const foreign = mode === 'proxy' ? await startForeignDhcp(rack) : undefined;
    const server = await startServer(rack.server, change(sceneSetup(mode, prepareGuest())));
    const tap = rack.tap();
    return {
      rack,
      server,
      foreign,
      powerOn: (firmware, node) =>
        startMachine({ firmware, inside: rack.wires, tap, mac: NODE.mac, ...node }),
      async close() {
        try {
          await server.stop();
        } finally {
          await rack.close();
        }
      },
    };
  } catch (error) {
    await rack.close();
    throw error;
  }
}

/** Boots NODE to Linux's init and reads the kernel's command line there; then switches it off. */
export async function bootToLinux(scene: Scene, firmware: Firmware, node?: NodeOptions): Promise<string> {
  const machine = scene.powerOn(firmware, node);
  try {
    await machine.waitFor(new RegExp(GUEST_MARKER), BOOT_DEADLINE);
    const [, commandLine = ''] = await machine.waitFor(/^cmdline: (.*)$/, 10);
    return commandLine;
  } finally {
    await machine.stop();
  }
}

/** Whether NODE was told that it need not wait for an IPv6 router. */
export function wasHinted({ server }: Scene): boolean {
  return server.records.all.some(({ kind, mac }) => kind === 'hint' && mac === NODE.mac);
}
