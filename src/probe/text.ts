/** A report for people: who answered, what a machine does with it, and what is out of order. */
import { formatDuration } from '../values/duration.ts';
import type { Finding } from './findings.ts';
import type { FileReport, OfferReport, Report } from './report.ts';

export function reportText(report: Report): string {
  const { interface: nic, as: kind, arch, mac, vendorClass, steps, files, findings } = report;
  const lines = [
    `probe     ${kind} (${arch}) on ${nic}, as ${mac}`,
    `sends     ${vendorClass}`,
    ...report.offers.flatMap((offer) => offerLines(offer, 'offer')),
    ...(report.port4011 === null ? [] : offerLines(report.port4011, 'port 4011')),
    ...steps.map((step, index) => `${index === 0 ? 'machine' : ''}`.padEnd(10) + step),
    ...files.flatMap(fileLines),
    ...findings.flatMap(findingLines),
    verdict(findings),
  ];
  return `${lines.join('\n')}\n`;
}

/** Options that have a line of their own, or say only what kind of message it is. */
const TOLD: ReadonlySet<string> = new Set([
  'dhcp-message-type',
  'dhcp-server-identifier',
  'subnet-mask',
  'dhcp-lease-time',
  'routers',
  'domain-name-servers',
  'dhcp-client-identifier',
  'bootfile-name',
]);

function offerLines(offer: OfferReport, label: string): string[] {
  const relayed = offer.source === offer.server ? '' : ` by ${offer.source}`;
  const lines = [
    `${label.padEnd(10)}${offer.role} server ${offer.server}${relayed}, after ${offer.afterMs} ms`,
  ];
  const row = (name: string, value: string | null): void => {
    if (value !== null && value !== '') lines.push(`  ${name.padEnd(28)} ${value}`);
  };
  const prefix = offer.subnet?.replace(/^.*\//, '/') ?? '';
  const lease = offer.leaseSeconds === null ? '' : ` for ${formatDuration(offer.leaseSeconds)}`;
  row('address', offer.address === null ? null : `${offer.address}${prefix}${lease}`);
  row('routers', offer.routers.join(', '));
  row('DNS servers', offer.dns.join(', '));
  row('next server (siaddr)', offer.nextServer ?? '0.0.0.0');
  row('boot file', offer.bootFile);
  row('boot menu', offer.menu.join(', '));
  if (offer.file !== offer.bootFile) row('boot file (header)', offer.file);
  for (const [name, value] of Object.entries(offer.options)) if (!TOLD.has(name)) row(name, value);
  return lines;
}

function fileLines(file: FileReport): string[] {
  const size = file.size === null ? 'of unknown size' : `${file.size} bytes`;
  const blocks =
    file.blockSize === null ? '' : `, blocks of ${file.blockSize}, window ${file.windowSize ?? 1}`;
  const status = file.httpStatus === null ? '' : `, status ${file.httpStatus}`;
  const came = file.arrived ? `${file.kind ?? 'there'}, ${size}${blocks}${status}` : `did not come${status}`;
  const from = file.from === 'dhcp' ? '' : ` (${file.from})`;
  const lines = [`file      ${file.url}${from}`, `  ${came}, in ${file.milliseconds} ms`];
  if (file.sha256 !== null) lines.push(`  sha256 ${file.sha256}`);
  return lines;
}

function findingLines({ severity, code, message, hint }: Finding): string[] {
  return [`${severity.padEnd(10)}${code} ${message}`, `    hint: ${hint}`];
}

function verdict(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity'], name: string): string => {
    const number = findings.filter((found) => found.severity === severity).length;
    return `${number} ${name}${number === 1 ? '' : 's'}`;
  };
  const counts = `${count('error', 'error')}, ${count('warning', 'warning')}`;
  const broken = findings.some(({ severity }) => severity === 'error');
  return broken ? `broken    this machine does not boot: ${counts}` : `ok        the chain holds: ${counts}`;
}
