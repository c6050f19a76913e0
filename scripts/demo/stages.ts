/** A boot's stages, found in what the server recorded and in what the machine wrote on its serial console. */
import { GUEST_MARKER } from '../../tests/lab/guest.ts';
import type { SerialLine } from '../../tests/lab/machine.ts';
import type { LogRecord } from '../../tests/lab/server.ts';

/** What has been seen so far, from power on. */
export interface Evidence {
  readonly records: readonly LogRecord[];
  readonly serial: readonly SerialLine[];
}

export interface Stage {
  readonly name: string;
  /** Unix milliseconds at which the stage was over. */
  readonly endedAt: number;
}

const isDecision = (record: LogRecord): boolean => record.kind === 'decision';
const isDone = (record: LogRecord): boolean => record.kind === 'transfer' && record.event === 'done';
const isScript = (file: string): boolean => /(^|\/)ipxe\b|\.ipxe$/.test(file);

function recordAt(evidence: Evidence, fits: (record: LogRecord) => boolean): number | undefined {
  return evidence.records.find(fits)?.time;
}

function serialAt(evidence: Evidence, pattern: RegExp): number | undefined {
  return evidence.serial.find(({ text }) => pattern.test(text))?.at;
}

function lastFileAt(evidence: Evidence, files: readonly string[]): number | undefined {
  const times = files.map((file) =>
    recordAt(evidence, (record) => isDone(record) && record.file?.endsWith(file) === true),
  );
  return times.includes(undefined) ? undefined : Math.max(...times.map(Number));
}

/** In the order of a boot. A stage that a firmware does not have (an iPXE ROM fetches no boot program) finds nothing. */
const MILESTONES: readonly {
  readonly name: string;
  readonly end: (evidence: Evidence) => number | undefined;
}[] = [
  {
    name: 'firmware, until its first DISCOVER',
    end: (evidence) => recordAt(evidence, (record) => isDecision(record) && record.message === 'DISCOVER'),
  },
  {
    name: "DHCP of the firmware's PXE client",
    end: (evidence) => serialAt(evidence, /NBP filename is/),
  },
  {
    name: 'boot program fetched',
    end: (evidence) =>
      recordAt(evidence, (record) => isDone(record) && /\.(efi|k?kpxe)$/.test(record.file ?? '')),
  },
  {
    name: 'iPXE starts, until its DISCOVER',
    end: (evidence) =>
      recordAt(evidence, (record) => record.message === 'DISCOVER' && record.stage === 'ipxe'),
  },
  {
    name: 'DHCP of iPXE, and its wait for an IPv6 router',
    end: (evidence) => serialAt(evidence, /^(Next server|Filename): /),
  },
  {
    name: 'script fetched',
    end: (evidence) => recordAt(evidence, (record) => isDone(record) && isScript(record.file ?? '')),
  },
  { name: 'kernel and initrd fetched', end: (evidence) => lastFileAt(evidence, ['vmlinuz', 'guest.cpio']) },
  { name: 'kernel, until its first line', end: (evidence) => serialAt(evidence, /^\[ +0\.0+\]/) },
  { name: 'kernel, until init', end: (evidence) => serialAt(evidence, new RegExp(GUEST_MARKER)) },
];

/** The stages that this boot had; each begins where the one before it ended, the first at power on. */
export function stagesOf(evidence: Evidence): Stage[] {
  const stages: Stage[] = [];
  for (const { name, end } of MILESTONES) {
    const endedAt = end(evidence);
    const previous = stages.at(-1)?.endedAt ?? 0;
    if (endedAt !== undefined && endedAt >= previous && !(endedAt === previous))
      stages.push({ name, endedAt });
  }
  return stages;
}
