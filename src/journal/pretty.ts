/** One JSON line of the log → one line for people: the machine first, then what happened, then the particulars. */
import pretty from 'pino-pretty';

interface Line {
  readonly msg?: unknown;
  readonly mac?: unknown;
  readonly vendor?: unknown;
  readonly reason?: unknown;
  readonly diagnostics?: unknown;
  readonly err?: unknown;
  readonly [key: string]: unknown;
}

/** Keys that have their own place in the line, or none. */
const PLACED = new Set([
  'level',
  'time',
  'msg',
  'kind',
  'message',
  'reply',
  'protocol',
  'event',
  'ok',
  'mac',
  'vendor',
  'reason',
  'diagnostics',
  'err',
  'file',
  'ip',
]);
const VENDOR_WIDTH = 24;
const DIM = ['\u001b[2m', '\u001b[22m'] as const;

/** Takes pino's line, gives the readable one with its line end. */
export function createPrettyLine(options: { readonly color: boolean }): (line: string) => string {
  const dim = (text: string): string => (options.color && text !== '' ? DIM[0] + text + DIM[1] : text);
  const format = pretty.prettyFactory({
    colorize: options.color,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    messageFormat: (line) => sentence(line, dim),
  });
  return (line) => format(line);
}

function sentence(line: Line, dim: (text: string) => string): string {
  const parts = [machine(line), text(line.msg), particulars(line, dim), reason(line)];
  return parts.filter((part) => part !== '').join('  ') + list(line.diagnostics) + fault(line.err);
}

function machine(line: Line): string {
  const mac = text(line.mac);
  const vendor = text(line.vendor);
  return vendor === '' ? mac : `${mac} (${vendor.slice(0, VENDOR_WIDTH).trim()})`;
}

function reason(line: Line): string {
  const why = text(line.reason);
  return why === '' ? '' : `(${why})`;
}

/** The fields that the message does not hold already, as `key=value`. */
function particulars(line: Line, dim: (text: string) => string): string {
  const message = text(line.msg);
  const rest = Object.entries(line).filter(([key]) => !PLACED.has(key));
  const repeated = ['ip', 'file'].filter((key) => key in line && !message.includes(text(line[key])));
  const pairs = [...rest, ...repeated.map((key) => [key, line[key]] as const)];
  return dim(pairs.map(([key, value]) => `${key}=${quoted(value)}`).join(' '));
}

function quoted(value: unknown): string {
  return typeof value === 'string' && /^[^\s"\p{Cc}]+$/u.test(value) ? value : (JSON.stringify(value) ?? '');
}

/** A broken file's faults, each on its own line. */
function list(value: unknown): string {
  return Array.isArray(value)
    ? value.map((item) => `\n    ${text(item).replaceAll('\n', '\n    ')}`).join('')
    : '';
}

/** An error's message, hint and stack, as far as the log gives them; the stack begins with the message. */
function fault(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { message, stack, hint } = err as { message?: unknown; stack?: unknown; hint?: unknown };
  const parts = [text(stack) || text(message), text(hint) && `hint: ${text(hint)}`];
  return list(parts.filter((part) => part !== ''));
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
