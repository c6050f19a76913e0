/** Byte for byte: what real loaders make of the files they fetch by TFTP, at the sizes where transfers go wrong. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GUEST_SERVED } from '../lab/guest.ts';
import { BOOT_DEADLINE, openScene } from '../lab/scene.ts';
import { makeScratch } from '../lab/scratch.ts';
import { GRUB_FILES, makeNetbootGrub } from './netboot-grub.ts';
import { type Site, site } from './site.ts';

/** None, one byte, round about RFC 1350's block, and two whole blocks as GRUB, PXELINUX and iPXE ask for them. */
const SIZES = [0, 1, 511, 512, 513, 2 * 1024, 2 * 1408, 2 * 1432] as const;
const NAMES = SIZES.map(String);

/** The last line that a loader's script prints. */
const DONE = 'every file is told';

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
    if (digest !== undefined && name !== undefined) printed.set(name, digest);
  }
  return printed;
}

/** `SIZE HEX`, many lines a file, from PXELINUX's Lua; `SIZE =` ends each file. */
function digestsOfHex(lines: readonly string[]): Map<string, string> {
  const hex = new Map<string, string>();
  for (const line of lines) {
    const [, name, part] = /^(\d+) (=|[0-9a-f]+)$/.exec(line) ?? [];
    if (name !== undefined && part !== undefined)
      hex.set(name, (hex.get(name) ?? '') + part.replace('=', ''));
  }
  return new Map([...hex].map(([name, all]) => [name, sha1(Buffer.from(all, 'hex'))]));
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
/** All of it twice: the serial line of a busy machine loses characters. */
const GRUB_CFG = `for size in ${NAMES.join(' ')} ${NAMES.join(' ')}; do
  sha1sum /sized/$size
done
echo ${DONE}
echo ${DONE}
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
const TOLD_LUA = `for _, name in ipairs({ ${NAMES.map((name) => `"${name}"`).join(', ')} }) do
  local file = io.open("sized/" .. name, "rb")
  local bytes = file and file:read("*a") or ""
  for at = 1, #bytes, 32 do
    local part = bytes:sub(at, at + 31):gsub(".", function(byte) return string.format("%02x", byte:byte()) end)
    print(name .. " " .. part)
  end
  print(name .. (file and " =" or " is not there"))
end
print("${DONE}")
`;

interface Loader {
  readonly firmware: 'bios' | 'uefi';
  readonly site: Site;
  /** Serial lines → the SHA-1 of each file as the loader got it. */
  readonly read: (lines: readonly string[]) => Map<string, string>;
  /** Ends the list of files. */
  readonly done: RegExp;
}

async function fetchesEveryByte(loader: Loader): Promise<void> {
  const scratch = makeScratch('sized');
  makeSizedFiles(scratch.path);
  const search = [...(loader.site.search ?? ['/usr/lib/ipxe']), scratch.path];
  const scene = await openScene('full', site({ ...loader.site, search }));
  try {
    const machine = scene.powerOn(loader.firmware);
    try {
      await machine.waitFor(loader.done, BOOT_DEADLINE);
    } finally {
      await machine.stop();
    }
    const expected = Object.fromEntries(SIZES.map((size) => [String(size), sha1(bytesOf(size))]));
    assert.deepEqual(Object.fromEntries(loader.read(machine.serial.all.map(({ text }) => text))), expected);
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
    done: /^cmdline: /,
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
    done: new RegExp(DONE),
  }));

for (const firmware of ['bios', 'uefi'] as const) {
  test(`GRUB on ${firmware}`, async () => {
    const grub = makeNetbootGrub();
    try {
      await fetchesEveryByte({
        firmware,
        site: { profile: GRUB, texts: { 'profiles/grub.cfg.liquid': GRUB_CFG }, search: [grub.path] },
        read: digestsPrinted,
        done: new RegExp(DONE),
      });
    } finally {
      grub.remove();
    }
  });
}
