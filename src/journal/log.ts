/** The log: JSON lines for machines, readable lines for people, and never in the way of a packet. */
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { createClock } from '../clock.ts';
import type { Config } from '../config/model.ts';
import { createPrettyLine } from './pretty.ts';
import { createSink, type Sink } from './sink.ts';

export interface LogOptions {
  readonly level: Config['log']['level'];
  /** Readable lines instead of JSON; usually: whether stdout is a terminal. */
  readonly pretty: boolean;
  /** Colours in readable lines. Default: the terminal's own wish (NO_COLOR is heeded). */
  readonly color?: boolean | undefined;
  /** Where lines go. Default: stdout, written behind the event loop and flushed when the process exits. */
  readonly destination?: LogDestination | undefined;
}

/** What pino writes to; `flush` is what its own flush() calls. */
type LogDestination = DestinationStream & Partial<Pick<Sink, 'flush'>>;

const STDOUT = 1;
/** Characters that may wait for a reader of stdout that has stopped reading; lines beyond it are lost, machines still boot. */
const BACKLOG = 16 * 1024 * 1024;

/**
 * Readable lines are made in this process and on the caller's stack rather than by a pino transport: a transport is a
 * worker thread, and what it holds when the process exits is lost.
 */
export function createLog(options: LogOptions): Logger {
  const sink = options.destination ?? stdout();
  const color = options.color ?? process.stdout.hasColors?.() ?? false;
  const stream = options.pretty ? prettyStream(sink, color) : sink;
  return pino({ level: options.level, base: null, serializers: { err: describeError } }, stream);
}

function stdout(): LogDestination {
  const sink = createSink({ descriptor: STDOUT, backlog: BACKLOG, clock: createClock() });
  process.once('exit', sink.flushSync);
  return sink;
}

function prettyStream(sink: LogDestination, color: boolean): LogDestination {
  const prettyLine = createPrettyLine({ color });
  return { ...sink, write: (line) => sink.write(prettyLine(line)) };
}

/**
 * An error as a log field. A stack trace belongs to faults of ours; what the host, a profile's author or a client did
 * is told by its message: errors that carry a `hint`, system errors, and templates that do not render.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isExpected = 'hint' in error || 'syscall' in error || error.name === 'TemplateError';
  if (!isExpected) return stdSerializers.err(error);
  return {
    type: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    ...('hint' in error ? { hint: error.hint } : {}),
  };
}
