/** The iPXE scripts that Pilotlight writes itself. */

/** Everything a kernel needs, with templates already rendered. */
export interface KernelBoot {
  readonly title: string;
  /** URLs that iPXE can fetch. */
  readonly kernel: string;
  readonly initrds: readonly string[];
  readonly cmdline: string;
}

const lastSegment = (url: string): string => url.slice(url.lastIndexOf('/') + 1) || 'file';

/** Percent-encoding undone; a URL that its author wrote with a bare % is taken as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Names for the initrds as iPXE will call its images: the last part of the URL, made unique. On UEFI the kernel's own
 * EFI stub loads them back from iPXE by these names, so each has to stand in the command line as `initrd=NAME`; on
 * BIOS iPXE places them itself and the kernel ignores the words (seen with Linux 6.1 on OVMF and SeaBIOS).
 */
function imageNames(initrds: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return initrds.map((url, index) => {
    const plain = decoded(lastSegment(url)).replaceAll(/[^\w.+-]/g, '_');
    const name = taken.has(plain) ? `${index}-${plain}` : plain;
    taken.add(name);
    return name;
  });
}

/** A script that boots a Linux kernel. A failed fetch is shown for a while on the console, then firmware goes on. */
export function kernelScript(boot: KernelBoot): string {
  const names = imageNames(boot.initrds);
  const words = [...names.map((name) => `initrd=${name}`), boot.cmdline.replaceAll(/\s+/g, ' ').trim()];
  return [
    '#!ipxe',
    `echo Pilotlight: ${boot.title}`,
    `kernel ${[boot.kernel, ...words].filter((word) => word !== '').join(' ')} || goto failed`,
    ...boot.initrds.map((url, index) => `initrd --name ${names[index]} ${url} || goto failed`),
    'boot || goto failed',
    ':failed',
    'echo Pilotlight: this machine could not be booted, see the lines above',
    'sleep 10',
    'exit 1',
    '',
  ].join('\n');
}

/**
 * A script that hands the machine on to its disk. UEFI: a program that exits with success ends in the firmware's menu,
 * only a failure goes on to the next boot option (seen on OVMF). BIOS: the first disk at once, since firmware that iPXE
 * returns to may have the network first in its list again; without a disk, or in an iPXE without sanboot, leaving iPXE
 * goes on to the next device.
 */
export function localBootScript(uefi: boolean): string {
  const boots = uefi ? 'exit 1' : 'sanboot --no-describe --drive 0x80 || exit';
  return ['#!ipxe', 'echo Pilotlight: booting from the local disk', boots, ''].join('\n');
}
