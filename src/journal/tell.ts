/** How a record reads in the log: its level, one line of text, and the fields beside it. */
import { formatIpv4 } from '../values/ipv4.ts';
import type { DecisionRecord, JournalRecord, ReloadRecord, TransferRecord } from './record.ts';
import { printable } from './text.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Files that firmware and boot loaders ask for on the chance that they are there: PXELINUX tries ten names by MAC, IP
 * and UUID before `default`, GRUB its grub.cfg by MAC and its module lists and translations, iPXE and shim their
 * optional helpers (seen from Debian's builds), a Raspberry Pi a signature and files of its updater, U-Boot a script. Their
 * absence is no news.
 */
const ASKED_ON_CHANCE: readonly RegExp[] = [
  /(^|\/)pxelinux\.cfg\//,
  /(^|\/)autoexec\.ipxe$/,
  /(^|\/)grub\.cfg-[0-9a-f-]+$/i,
  /(^|\/)(command|fs|crypto|terminal)\.lst$/,
  /(^|\/)locale\/.*\.g?mo$/,
  /(^|\/)revocations(_[a-z]+)?\.efi$/,
  /(^|\/)shim_certificate(_\d+)?\.efi$/,
  /(^|\/)(bootsig\.bin|recovery\.(elf|img)|recover4\.elf|pieeprom\.\w+|vl805\.\w+|dt-blob\.bin|autoboot\.txt)$/,
  /(^|\/)boot\.scr(\.uimg)?$/,
];

/** The level at which a record is told; looked at before anything is built. */
export function levelOf(record: JournalRecord): LogLevel {
  switch (record.kind) {
    case 'decision':
      // RFC 2131 §4.3.3: the administrator is told of a declined address.
      if (record.code === 'DECLINED') return 'warn';
      // It wanted to boot, somebody wrote a profile for it, and it stays dark: full mode's offer without a file tells as much.
      if (record.code === 'NOTHING_TO_BOOT' && record.profile !== undefined) return 'info';
      return record.reply === undefined ? 'debug' : 'info';
    case 'malformed':
      return 'debug';
    case 'transfer':
      return transferLevel(record);
    case 'reload':
      return record.ok ? 'info' : 'error';
    case 'hint':
      return 'info';
    case 'notice':
      return record.level;
  }
}

function transferLevel(record: TransferRecord): LogLevel {
  switch (record.event) {
    case 'start':
    case 'progress':
    case 'probe':
      return 'debug';
    case 'done':
      // A client that reads a disk image in a thousand pieces is one event to its operator, not a thousand.
      return isPart(record) ? 'debug' : 'info';
    case 'not-found':
      return ASKED_ON_CHANCE.some((pattern) => pattern.test(record.file)) ? 'debug' : 'info';
    case 'refused':
    case 'aborted':
      return 'info';
    case 'failed':
      return 'warn';
  }
}

function isPart(record: TransferRecord): boolean {
  return record.size !== undefined && record.bytes !== undefined && record.bytes < record.size;
}

/** One line without control characters, whatever the client sent. */
export function messageOf(record: JournalRecord): string {
  switch (record.kind) {
    case 'decision':
      return printable(decisionMessage(record));
    case 'malformed':
      return printable(`malformed datagram from ${record.source}: ${record.detail}`);
    case 'transfer':
      return printable(transferMessage(record));
    case 'reload':
      return printable(record.detail);
    case 'hint':
      return `told ${record.to} that there is no IPv6 router to wait for`;
    case 'notice':
      return printable(record.message);
  }
}

function decisionMessage(record: DecisionRecord): string {
  const words = [record.message, '→', record.reply ?? 'ignored'];
  if (record.ip !== undefined) words.push(formatIpv4(record.ip));
  if (record.file !== undefined) words.push(record.file);
  return words.join(' ');
}

const TRANSFER_WORDS = {
  start: 'starts',
  progress: 'is being sent',
  done: 'sent',
  probe: 'size asked',
  'not-found': 'not found',
  refused: 'refused',
  failed: 'failed',
  aborted: 'aborted by the client',
} as const satisfies Record<TransferRecord['event'], string>;

function transferMessage(record: TransferRecord): string {
  const what = `${record.protocol} ${record.file} ${TRANSFER_WORDS[record.event]}`;
  return record.detail === undefined ? what : `${what}: ${record.detail}`;
}

/** The fields beside the message. Undefined ones are left out by the writer of the line. */
export function fieldsOf(record: JournalRecord): Readonly<Record<string, unknown>> {
  switch (record.kind) {
    case 'decision': {
      const { kind, message, reply, code, mac, arch, stage, profile, file, reason, quirks, nic, port } =
        record;
      const ip = record.ip === undefined ? undefined : formatIpv4(record.ip);
      return { kind, message, reply, code, mac, arch, stage, profile, file, reason, quirks, ip, nic, port };
    }
    case 'malformed': {
      const { kind, mac, source, code, nic, port } = record;
      return { kind, mac, source, code, nic, port };
    }
    case 'transfer': {
      const { kind, protocol, event, mac, client, file, size, bytes, milliseconds, retransmissions, nic } =
        record;
      return { kind, protocol, event, mac, client, file, size, bytes, milliseconds, retransmissions, nic };
    }
    case 'reload':
      return { kind: record.kind, ok: record.ok, ...reloadFields(record) };
    case 'hint': {
      const { kind, mac, to, nic } = record;
      return { kind, mac, to, nic };
    }
    case 'notice':
      return { kind: record.kind, code: record.code, mac: record.mac, nic: record.nic, ...record.detail };
  }
}

function reloadFields(record: ReloadRecord): { readonly diagnostics?: readonly string[] } {
  return record.diagnostics.length === 0 ? {} : { diagnostics: record.diagnostics };
}
