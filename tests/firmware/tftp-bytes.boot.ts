/** Byte for byte: what real loaders make of the files they fetch by TFTP, at the sizes where transfers go wrong. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { GUEST_SERVED } from '../lab/guest.ts';
import type { Machine } from '../lab/machine.ts';
import { BOOT_DEADLINE, openScene } from '../lab/scene.ts';
import { makeScratch } from '../lab/scratch.ts';
import { GRUB_FILES, makeNetbootGrub } from './netboot-grub.ts';
import { type Site, site } from './site.ts';

/** None, one byte, round about RFC 1350's block, and two whole blocks as GRUB, PXELINUX and iPXE ask for them. */
const SIZES = [0, 1, 511, 512, 513, 2 * 1024, 2 * 1408, 2 * 1432] as const;
const NAMES = SIZES.map(String);

/** QEMU's serial line loses characters now and then: loaders tell all of it again until we have it. */
const PASSES = [1, 2, 3, 4, 5, 6];
/** What they print after each pass. */
const TOLD = 'every file is told, time';

/** Every byte value, NUL, CR and LF among them, and no two blocks alike. */
function bytesOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8) * 7 + size) & 255);
}

const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

/** A root with the files `sized/SIZE`, gone with the scratch. */
function makeSizedFiles(folder: string): void {
  mkdirSync(join(folder, 'sized'));
  for (const size of SIZES) writeFileSync(join(folder, `sized/${size}`), bytesOf(size));
}

/** `DIGEST  …/SIZE`, as sha1sum of BusyBox and of GRUB print it. */
function digestsPrinted(lines: readonly string[]): Map<string, string> {
  const printed = new Map<string, string>();
  for (const line of lines) {
    const [, digest, name] = /^([0-9a-f]{40}) +\S*\/(\d+)$/.exec(line) ?? [];
    if (digest !== undefined && name !== undefined && NAMES.includes(name)) printed.set(name, digest);
  }
  return printed;
}

/** Of the sums that PXELINUX's Lua tells. */
const MODULUS = 65_521;

/**
 * `SIZE OFFSET SUM HEX`, many lines a file, from PXELINUX's Lua; an empty file is one line without HEX. SUM goes over the numbers
 * before it and the bytes, in their order: a line that lost a character is none.
 */
function digestsOfHex(lines: readonly string[]): Map<string, string> {
  const parts = new Map<string, Map<number, Buffer>>();
  for (const line of lines) {
    const [, name = '', offset, sum, hex = ''] = /^(\d+) (\d+) (\d+) ?([0-9a-f]*)$/.exec(line) ?? [];
    const bytes = Buffer.from(hex, 'hex');
    const numbers = [Number(name), Number(offset), ...bytes];
    const total = numbers.reduce((all, each) => (all * 31 + each) % MODULUS, 0);
    if (!NAMES.includes(name) || total !== Number(sum)) continue;
    const known = parts.get(name) ?? new Map<number, Buffer>();
    parts.set(name, known.set(Number(offset), bytes));
  }
  return new Map(
    [...parts].map(([name, known]) => {
      const inOrder = [...known].toSorted(([one], [other]) => one - other).map(([, bytes]) => bytes);
      return [name, sha1(Buffer.concat(inOrder))];
    }),
  );
}

/** Linux is given what iPXE fetched as files of its initramfs; iPXE hangs over one that is empty, so it tells that itself. */
const IPXE = `name: linux
boot:
  script: |
    #!ipxe
    imgfetch tftp://{{ server.address }}/sized/0
    imgstat
    imgfree
    kernel tftp://{{ server.address }}/vmlinuz console=ttyS0
    initrd tftp://{{ server.address }}/guest.cpio
${NAMES.slice(1)
  .map((name) => `    initrd tftp://{{ server.address }}/sized/${name} ${GUEST_SERVED}/${name}`)
  .join('\n')}
    boot
`;

const ofIpxe = (lines: readonly string[]): Map<string, string> =>
  lines.includes('0 : 0 bytes')
    ? digestsPrinted(lines).set('0', sha1(new Uint8Array()))
    : digestsPrinted(lines);

const GRUB = `name: linux
boot:
  file: ${GRUB_FILES}
files:
  "grub/grub.cfg": { template: grub.cfg.liquid }
`;
const GRUB_CFG = `for pass in ${PASSES.join(' ')}; do
  for size in ${NAMES.join(' ')}; do
    sha1sum /sized/$size
  done
  echo ${TOLD} $pass
done
sleep 60
`;

const PXELINUX = `name: linux
boot:
  file: { bios: lpxelinux.0 }
files:
  "pxelinux.cfg/default": { template: pxelinux.cfg.liquid }
`;
const PXELINUX_CFG = `default told
label told
  com32 lua.c32
  append told.lua
`;
const TOLD_LUA = `for pass = 1, ${PASSES.length} do
  for _, name in ipairs({ ${NAMES.map((name) => `"${name}"`).join(', ')} }) do
    local file = io.open("sized/" .. name, "rb")
    local bytes = file and file:read("*a") or "no such file"
    for at = 0, #bytes == 0 and 0 or #bytes - 1, 32 do
      local sum = (tonumber(name) * 31 + at) % ${MODULUS}
      local hex = bytes:sub(at + 1, at + 32):gsub(".", function(byte)
        sum = (sum * 31 + byte:byte()) % ${MODULUS}
        return string.format("%02x", byte:byte())
      end)
      print(name .. " " .. at .. " " .. sum .. " " .. hex)
    end
  end
  print("${TOLD} " .. pass)
end
`;

/** The end of a pass may itself be lost: any later one does. */
const ENDS = PASSES.map((pass) => new RegExp(`${TOLD} [${PASSES.slice(pass - 1).join('')}]`));

interface Loader {
  readonly firmware: 'bios' | 'uefi';
  readonly site: Site;
  /** Serial lines → the SHA-1 of each file as the loader got it. */
  readonly read: (lines: readonly string[]) => Map<string, string>;
  /** What ends the list of files, the first time, the second … */
  readonly ends: readonly RegExp[];
}

async function fetchesEveryByte(loader: Loader): Promise<void> {
  const scratch = makeScratch('sized');
  makeSizedFiles(scratch.path);
  const search = [...(loader.site.search ?? ['/usr/lib/ipxe']), scratch.path];
  const expected = Object.fromEntries(SIZES.map((size) => [String(size), sha1(bytesOf(size))]));
  const read = ({ serial }: Machine) => Object.fromEntries(loader.read(serial.all.map(({ text }) => text)));
  const scene = await openScene('full', site({ ...loader.site, search }));
  try {
    const machine = scene.powerOn(loader.firmware);
    try {
      for (const end of loader.ends) {
        await machine.waitFor(end, BOOT_DEADLINE);
        if (isDeepStrictEqual(read(machine), expected)) break;
      }
    } finally {
      await machine.stop();
    }
    assert.deepEqual(read(machine), expected);
  } finally {
    await scene.close();
    scratch.remove();
  }
}

test('iPXE', () =>
  fetchesEveryByte({
    firmware: 'bios',
    site: { profile: IPXE },
    read: ofIpxe,
    ends: [/^cmdline: /],
  }));

test('PXELINUX', () =>
  fetchesEveryByte({
    firmware: 'bios',
    site: {
      profile: PXELINUX,
      texts: { 'profiles/pxelinux.cfg.liquid': PXELINUX_CFG, 'tftpboot/told.lua': TOLD_LUA },
      search: ['/usr/lib/PXELINUX', '/usr/lib/syslinux/modules/bios'],
    },
    read: digestsOfHex,
    ends: ENDS,
  }));

for (const firmware of ['bios', 'uefi'] as const) {
  test(`GRUB on ${firmware}`, async () => {
    const grub = makeNetbootGrub();
    try {
      await fetchesEveryByte({
        firmware,
        site: { profile: GRUB, texts: { 'profiles/grub.cfg.liquid': GRUB_CFG }, search: [grub.path] },
        read: digestsPrinted,
        ends: ENDS,
      });
    } finally {
      grub.remove();
    }
  });
}
