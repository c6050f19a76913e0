/**
 * `boot.menu`: firmware shows it by itself where it can boot every item by itself, that is boot programs and the disk; in all
 * other cases iPXE is chained first and shows it. So no choice has to be remembered from one stage to the next.
 */
import { encodePxeMenu, LOCAL_BOOT } from '../dhcp/pxe.ts';
import type { BootMenu, MenuItem } from '../profiles/model.ts';

/** What firmware is given to choose from. */
export interface FirmwareMenu extends Pick<BootMenu, 'prompt' | 'timeout'> {
  readonly items: readonly FirmwareMenuItem[];
}

export interface FirmwareMenuItem {
  /** The boot server type that stands for it; LOCAL_BOOT: the disk. */
  readonly type: number;
  readonly title: string;
  /** A path below the TFTP root; undefined: the disk. */
  readonly file: string | undefined;
}

/** Boot server types from here on are a vendor's own (PXE 2.1, table 2-2). */
const FIRST_TYPE = 0x8000;

/** Whether firmware needs no help with any item. */
export function isForFirmware(menu: BootMenu): boolean {
  return menu.items.every(({ boot }) => boot.kind === 'file' || boot.kind === 'local');
}

/**
 * The items that this client can boot. An item keeps its type whatever else is left out, so that a choice made just before
 * a reload still means the same if the list has only grown.
 */
export function firmwareMenu(
  menu: BootMenu,
  fileFor: (boot: Extract<MenuItem['boot'], { kind: 'file' }>) => string | undefined,
): FirmwareMenu {
  const items = menu.items.flatMap(({ title, boot }, index): FirmwareMenuItem[] => {
    if (boot.kind === 'local') return [{ type: LOCAL_BOOT, title, file: undefined }];
    const file = boot.kind === 'file' ? fileFor(boot) : undefined;
    return file === undefined ? [] : [{ type: FIRST_TYPE + index, title, file }];
  });
  return { prompt: menu.prompt, timeout: menu.timeout, items };
}

/** Bytes of option 43 when every item is shown. */
export function sizeInOption(menu: BootMenu): number {
  return encodePxeMenu({ ...firmwareMenu(menu, () => ''), server: 0 }).length;
}

/** One line of the menu that iPXE shows. */
export interface ScriptItem {
  readonly title: string;
  /** What it does, as iPXE commands; a failing one goes to the label `failed`. */
  readonly commands: readonly string[];
}

/** Words that iPXE's shell would read as more than text. */
const plain = (text: string): string => text.replaceAll(/\|\||&&|[#;$\\]/g, ' ');

/** The menu as an iPXE script. An iPXE built without menus, and one whose user leaves it, does what is first. */
export function menuScript(
  title: string,
  { prompt, timeout }: Pick<BootMenu, 'prompt' | 'timeout'>,
  items: readonly ScriptItem[],
): string {
  const wait = timeout === undefined ? '' : ` --timeout ${timeout * 1000}`;
  return [
    '#!ipxe',
    `menu ${plain(title)} || goto item1`,
    ...(prompt === '' ? [] : [`item --gap -- ${plain(prompt)}`]),
    ...items.map((item, index) => `item item${index + 1} ${plain(item.title)}`),
    `choose --default item1${wait} chosen || goto item1`,
    `goto \${chosen}`,
    ...items.flatMap(({ commands }, index) => [`:item${index + 1}`, ...commands]),
    ':failed',
    'echo Pilotlight: this item could not be booted, see the lines above',
    'sleep 10',
    'exit 1',
    '',
  ].join('\n');
}
