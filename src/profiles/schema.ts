/** Profiles and machines as their authors write them. The source of truth for their keys and for docs/schema/. */
import * as z from 'zod';
import { optionMap } from '../config/options.ts';
import {
  duration,
  hostAddress,
  integer,
  mac,
  mapping,
  oneOrMany,
  refuse,
  subnet,
  text,
  textAs,
} from '../yaml/shapes.ts';
import { architecture, glob, macPattern, plainPath, uuid } from './shapes.ts';

const vars = () => z.record(z.string(), z.unknown(), { error: 'a mapping of names to values' });
const pathOrUrl = (what: string) => text(`the path of ${what} below the TFTP root, or a URL`);

const match = mapping({
  mac: oneOrMany(macPattern(), 'a MAC address or pattern, or a list')
    .optional()
    .describe('Exact, or with * and ?.'),
  arch: oneOrMany(architecture(), 'an architecture such as uefi-x64, or a list')
    .optional()
    .describe('Client architectures (option 93) by name or number.'),
  uuid: oneOrMany(uuid(), 'a UUID, or a list').optional().describe('The machine identifier of option 97.'),
  vendorClass: oneOrMany(glob('a vendor class'), 'a vendor class, or a list')
    .optional()
    .describe('Option 60.'),
  userClass: oneOrMany(glob('a user class'), 'a user class, or a list').optional().describe('Option 77.'),
  subnet: oneOrMany(subnet(), 'a subnet such as 10.11.11.0/24, or a list')
    .optional()
    .describe("Of the client's address or relay."),
  relay: mapping({
    circuitId: oneOrMany(glob('a circuit id'), 'a circuit id, or a list').optional(),
    remoteId: oneOrMany(glob('a remote id'), 'a remote id, or a list').optional(),
  })
    .optional()
    .describe('What the relay agent says (option 82); globs.'),
});

const BOOT_PHRASE = 'a mapping with exactly one of kernel, script, file, local and menu';

/** What can be booted. Which keys exclude each other is checked in boot.ts, where the message can name the other one. */
const ways = {
  kernel: pathOrUrl('a kernel').optional().describe('iPXE is chained first, then boots this. Templated.'),
  initrd: oneOrMany(pathOrUrl('an initrd'), 'the path of an initrd, or a list')
    .optional()
    .describe('Templated.'),
  cmdline: z.string({ error: "text, the kernel's command line" }).optional().describe('Templated.'),
  script: text('a file below the TFTP root, or text that begins with #!ipxe')
    .optional()
    .describe('An iPXE script: a file below the TFTP root, or text that begins with #!ipxe. Templated.'),
  file: z
    .union([plainPath('a boot program'), z.record(z.string(), plainPath('a boot program'))], {
      error: 'the path of a boot program, or a mapping of architectures to paths',
    })
    .optional()
    .describe("A boot program instead of iPXE's script, for all or by architecture (default: for the rest)."),
  local: z.literal(true, { error: 'true, or no such key' }).optional().describe('Boot the disk.'),
};

const asciiLine = (what: string) =>
  textAs(`${what}, of at most 60 printable ASCII characters`, (written) =>
    /^[\x20-\x7e]{1,60}$/.test(written) ? written : refuse(),
  );

const menuItem = mapping(
  { title: asciiLine('a title').describe('What the menu shows. Firmware shows ASCII only.'), ...ways },
  'an item with a title and one of kernel, script, file and local',
);

const menu = mapping({
  prompt: asciiLine('a line of text')
    .optional()
    .describe('Shown with the menu. Default: Press F8 for the boot menu.'),
  timeout: duration('a duration from 1s to 254s', 1, 254)
    .optional()
    .describe('After it the first item boots. Default: the menu waits.'),
  items: z
    .array(menuItem, { error: 'a list of items' })
    .min(1, { error: 'at least one item' })
    .max(50, { error: 'at most 50 items' })
    .describe('The first is the one that boots by itself.'),
});

const boot = mapping(
  {
    ...ways,
    menu: menu
      .optional()
      .describe(
        'A menu at the machine. Firmware shows it where every item is file or local; else iPXE is chained first and shows it. PXELINUX, U-Boot and GRUB get it as their configuration.',
      ),
    firmware: z
      .record(z.string(), plainPath('a boot program'), {
        error: 'a mapping of architectures to boot programs',
      })
      .optional()
      .describe('First stages by architecture, over the built-in table.'),
    uefiProxy: z
      .enum(['binl', 'discovery'])
      .optional()
      .describe('How UEFI firmware is pointed at port 4011. Default: binl.'),
    onLoop: z
      .union(
        [
          plainPath('local, or the path of a boot program'),
          z.record(z.string(), plainPath('a boot program')),
        ],
        {
          error: 'local, the path of a boot program, or a mapping of architectures to paths',
        },
      )
      .optional()
      .describe(
        'What a machine gets that goes in circles (boot.loop of pilotlight.yaml): local for its disk, or another boot program, for all or by architecture. Default: the same again.',
      ),
  },
  BOOT_PHRASE,
);

const noBoot = textAs<'none'>(`${BOOT_PHRASE}, or none`, (written) =>
  written === 'none' ? written : refuse(),
);

export type WrittenBoot = z.output<typeof boot>;
export type WrittenMenu = z.output<typeof menu>;
/** The keys that say what to boot, of a profile or of a menu's item. */
export type WrittenWays = Omit<z.output<typeof menuItem>, 'title'>;

const given = mapping({
  mac: mac().optional(),
  arch: architecture().optional(),
  ipxe: z.boolean().optional(),
  uuid: uuid().optional(),
  vendorClass: text('a vendor class').optional(),
  userClass: text('a user class').optional(),
  giaddr: hostAddress().optional(),
  circuitId: text('a circuit id').optional(),
  remoteId: text('a remote id').optional(),
});

const expected = mapping({
  profile: text('the name of a profile').optional(),
  bootFile: text('the boot file that is told').optional(),
  nextServer: text('the address that is told').optional(),
  script: text('a part of the script').optional().describe('A substring that the script must hold.'),
}).refine((written) => Object.keys(written).length > 0, {
  error: 'expect: a test that expects nothing proves nothing',
  params: { hint: 'give profile, bootFile, nextServer or script' },
});

const test = mapping({ given, expect: expected }, 'a test, { given, expect }');

export const profileSchema = mapping({
  name: text('the name of the profile'),
  priority: integer('a whole number from -1000000 to 1000000', -1_000_000, 1_000_000)
    .optional()
    .describe('Higher wins; then the more specific match; then the name. Default: 0.'),
  match: match.optional().describe('All keys must hold; a list means any of. None at all: every client.'),
  boot: z
    .union([noBoot, boot], { error: `${BOOT_PHRASE}, or none` })
    .describe(
      'Exactly one of kernel, script, file, local, menu. Or none: a network boot of these machines gets no answer.',
    ),
  options: optionMap().optional().describe('Further DHCP options by name or number.'),
  vars: vars().optional().describe('For templates: vars.name.'),
  files: z
    .record(text('a path'), mapping({ template: text('the path of a template beside the profile') }), {
      error: 'a mapping of paths to { template: FILE }',
    })
    .optional()
    .describe('Files that are rendered for the asking machine, over TFTP and HTTP.'),
  tests: z
    .array(test, { error: 'a list of tests, each with given and expect' })
    .optional()
    .describe('Run at every load; a failing test keeps the last good state.'),
}).meta({
  title: 'A Pilotlight profile',
  description: 'One YAML document of a file in the directory of profiles.',
});

export type WrittenProfile = z.output<typeof profileSchema>;

export const machineSchema = mapping({
  mac: oneOrMany(mac(), 'a MAC address such as 52:54:00:aa:00:01, or a list').optional(),
  uuid: uuid().optional().describe('The machine identifier of option 97.'),
  name: text('the name of the machine').optional(),
  ip: hostAddress().optional().describe('Its fixed address in full mode.'),
  profile: text('the name of a profile')
    .optional()
    .describe("The profile it gets, whatever the profiles' match says."),
  options: optionMap()
    .optional()
    .describe('Further DHCP options by name or number, over those of server, subnet and profile.'),
  vars: vars().optional().describe('For templates: machine.vars.name.'),
});

export type WrittenMachine = z.output<typeof machineSchema>;

export const machinesSchema = z
  .union([machineSchema, z.array(machineSchema)])
  .meta({ title: 'Pilotlight machines', description: 'One machine, or a list of machines.' });
