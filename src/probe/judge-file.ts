/** What is out of order with a fetched boot file, or with the fetching. Pure. */
import { type Arch, isUefi } from '../boot/arch.ts';
import { visible } from '../dhcp/wiretext.ts';
import type { Client } from './client.ts';
import type { Failure, Fetched } from './fetched.ts';
import { type Finding, finding } from './findings.ts';
import type { Place } from './place.ts';
import { describeProgram, type Program } from './program.ts';

/** What a file of TFTP or HTTP came to, and what it is. */
export interface Arrived {
  readonly client: Client;
  readonly place: Place;
  readonly fetched: Fetched;
  /** The SHA-256 that it has to have, in lower-case hex; undefined: nobody says. */
  readonly sha256?: string | undefined;
}

/** Why it did not come. */
export function judgeFailure(place: Place, { kind, detail }: Failure): Finding {
  const url = visible(place.url);
  const said = visible(detail);
  if (kind === 'name') {
    return finding(
      'NAME_UNRESOLVED',
      `the DNS servers of the offer do not know ${place.host}: ${said}`,
      'Add the name there, or write an address into the URL.',
    );
  }
  return place.protocol === 'tftp' ? tftpFailure(place, url, kind, said) : httpFailure(url, kind, said);
}

function tftpFailure({ host, path }: Place, url: string, kind: Failure['kind'], said: string): Finding {
  if (kind === 'silent' || kind === 'connect') {
    return finding(
      'TFTP_SILENT',
      `nobody answers TFTP at ${host}: ${said}`,
      'Check that a TFTP server runs there and that no firewall drops UDP port 69 to it, or its answers, which come from another port. This machine counts as well: its firewall must let them in.',
    );
  }
  if (kind === 'stalled') {
    return finding(
      'TFTP_STALLED',
      `${url} began to come and stopped: ${said}`,
      'Look for a firewall that knows port 69 only, address translation between here and there, or heavy loss.',
    );
  }
  if (kind === 'refused' && /not found|no such|does ?n.t exist|cannot find/i.test(said)) {
    return finding(
      'FILE_NOT_FOUND',
      `${host} has no file "${visible(path)}": ${said}`,
      'Put the file below the TFTP root, or correct the name: upper and lower case, slashes and leading directories count.',
    );
  }
  return finding(
    'TFTP_REFUSED',
    `${host} does not send "${visible(path)}": ${said}`,
    'Check the permissions of the file and its folders, and what the TFTP server allows.',
  );
}

function httpFailure(url: string, kind: Failure['kind'], said: string): Finding {
  if (kind === 'redirect') {
    return finding(
      'REDIRECTED',
      `${url} leads on to ${said}`,
      'Not all firmware follows: name the final URL in the offer.',
    );
  }
  if (kind === 'refused') {
    return finding(
      'HTTP_STATUS',
      `${url} is answered with ${said}`,
      'Put the file where the server looks for it, or correct the URL.',
    );
  }
  const hint = 'Check that the HTTP server runs, and that no firewall keeps its port from this network.';
  return finding('HTTP_FAILED', `${url} cannot be fetched: ${said}`, hint);
}

/** Large blocks vanish, small ones arrive: the frames are too long for something on the way. */
export function largeBlocksLost({ host }: Place, size: number): Finding {
  return finding(
    'LARGE_BLOCKS_LOST',
    `TFTP blocks of ${size} bytes from ${host} get lost, those of 512 arrive`,
    'Something on the way has a smaller MTU: a tunnel, a VLAN on a NIC of 1500, a bridge. Raise it, or limit the block size at the server.',
  );
}

/** A boot program of 640 KiB less what a ROM, its stack and its buffers take: what is larger overwrites them. */
const BIOS_ROOM = 500 * 1024;

/** Firmware that is told of a file, and gets it. */
export function judgeProgram({ client, place, fetched, sha256 }: Arrived, program: Program): Finding[] {
  const { received, announced } = fetched;
  const url = visible(place.url);
  const found: Finding[] = [];
  if (place.protocol === 'tftp' && announced === undefined && client.kind !== 'ipxe') {
    found.push(
      finding(
        'NO_SIZE',
        `${place.host} does not tell the size of ${url} (TFTP option tsize)`,
        'UEFI firmware reads that as 0 bytes and does not boot; PXELINUX needs it as well. Use a TFTP server that knows RFC 2349.',
        client.kind === 'uefi' ? 'error' : 'warning',
      ),
    );
  }
  if (received !== undefined && announced !== undefined && announced !== received.size) {
    found.push(
      finding(
        'SIZE_DIFFERS',
        `${url} was announced with ${announced} bytes and has ${received.size}`,
        'The file changed meanwhile, or something on the way cuts it: fetch it again, and replace files in one step.',
      ),
    );
  }
  if (received !== undefined && sha256 !== undefined && received.sha256 !== sha256) {
    found.push(
      finding(
        'DIGEST_DIFFERS',
        `${url} is not the file that was meant: its SHA-256 is ${received.sha256}`,
        'Another version is served, another root or server answers for it, or its copy is damaged: compare it with sha256sum where it lies.',
      ),
    );
  }
  if (received?.size === 0) {
    found.push(
      finding('EMPTY_FILE', `${url} is empty`, 'Copy the file anew: it was cut, or the disk was full.'),
    );
    return found;
  }
  return [...found, ...judgeKind(client, url, program, received?.size ?? 0)];
}

function judgeKind(client: Client, url: string, program: Program, size: number): Finding[] {
  const what = describeProgram(program);
  if (program.kind === 'html')
    return [notAProgram(url, what, 'A web server answers with a page: correct the URL.')];
  if (client.kind === 'ipxe') return judgeForIpxe(client, url, program);
  if (program.kind === 'script') {
    return [
      notAProgram(url, what, 'Firmware runs no scripts: give it iPXE first, and the script to iPXE alone.'),
    ];
  }
  return isUefi(client.arch) ? judgeForUefi(client, url, program) : judgeForBios(url, program, size);
}

function notAProgram(url: string, what: string, hint: string): Finding {
  return finding('NOT_A_PROGRAM', `${url} is no boot program for this firmware: ${what}`, hint);
}

const plain = (arch: Arch): string => arch.replace(/-http$/, '');

function judgeForUefi(client: Client, url: string, program: Program): Finding[] {
  if (program.kind === 'disk' && client.kind === 'http') return [];
  if (program.kind !== 'pe' || !program.efi) {
    const hint = `Offer ${client.arch} an EFI program: snponly.efi, shimx64.efi. BIOS programs (.kpxe, .0) are for architecture 0 only.`;
    return [notAProgram(url, describeProgram(program), hint)];
  }
  if (program.arch !== plain(client.arch)) return [wrongArchitecture(url, describeProgram(program), client)];
  return program.ipxe ? [ipxeNext(client, url)] : [];
}

function wrongArchitecture(url: string, what: string, { arch }: Client): Finding {
  return finding(
    'WRONG_ARCHITECTURE',
    `${url} is a ${what}; this machine is ${arch}`,
    'Choose the boot file by architecture (option 93): boot.firmware or boot.file of the profile.',
  );
}

function judgeForBios(url: string, program: Program, size: number): Finding[] {
  if (program.kind !== 'raw') {
    const hint = 'Offer BIOS machines (architecture 0) a BIOS program: undionly.kpxe, lpxelinux.0.';
    return program.kind === 'pe' && !program.linux
      ? [
          finding(
            'WRONG_ARCHITECTURE',
            `${url} is a ${describeProgram(program)}; this machine has BIOS`,
            hint,
          ),
        ]
      : [notAProgram(url, describeProgram(program), hint)];
  }
  if (size > BIOS_ROOM) {
    return [
      finding(
        'TOO_LARGE',
        `${url} has ${Math.ceil(size / 1024)} KiB; a BIOS ROM has room for some 500`,
        'Offer a small first stage, such as undionly.kpxe, and let that load the rest.',
      ),
    ];
  }
  return program.ipxe ? [ipxeNext({ arch: 'bios' }, url)] : [];
}

function ipxeNext({ arch }: Pick<Client, 'arch'>, url: string): Finding {
  return finding(
    'IPXE_NEXT',
    `${url} is iPXE, which asks DHCP again for what comes next`,
    `Look at that, too: pilotlight probe --as ipxe --arch ${plain(arch)}`,
  );
}

function judgeForIpxe(client: Client, url: string, program: Program): Finding[] {
  if (program.kind === 'script') return [];
  if (program.kind === 'pe' && isUefi(client.arch) && program.arch !== client.arch) {
    return [wrongArchitecture(url, describeProgram(program), client)];
  }
  if (program.kind === 'pe' && !isUefi(client.arch) && !program.linux) {
    return [wrongArchitecture(url, describeProgram(program), client)];
  }
  const again = (program.kind === 'pe' || program.kind === 'raw') && program.ipxe;
  if (!again) return [];
  return [
    finding(
      'IPXE_AGAIN',
      `iPXE is told to load iPXE again: ${url}`,
      'Unless that is meant to replace an old iPXE in a ROM, it never ends: offer a script to clients with option 175 or user class iPXE.',
    ),
  ];
}
