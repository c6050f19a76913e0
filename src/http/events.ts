/** /v1/events followed live: server-sent events (WHATWG HTML §9.2), one per record of the journal. */
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../clock.ts';
import type { BootJournal } from '../journal/journal.ts';
import type { JournalRecord } from '../journal/record.ts';
import type { Mac } from '../values/mac.ts';
import { eventOf } from './machines.ts';

export interface EventStreams {
  /** False when as many follow already as may. `backlog` records are told first. */
  open(
    response: ServerResponse,
    filter: { readonly mac?: Mac | undefined; readonly backlog: number },
  ): boolean;
  /** Ends every stream. */
  close(): void;
}

export interface EventStreamOptions {
  readonly journal: BootJournal;
  readonly clock: Clock;
  /** Streams at a time. Default 64. */
  readonly limit?: number | undefined;
  /** Records that wait for one slow reader; more are dropped and counted. Default 1000. */
  readonly buffer?: number | undefined;
  /** Milliseconds between comments that keep proxies and timeouts quiet. Default 15 000. */
  readonly heartbeatMs?: number | undefined;
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/** One heartbeat timer serves all streams, and is armed only while there are any. */
export function createEventStreams(options: EventStreamOptions): EventStreams {
  const { journal, clock, limit = 64, buffer = 1000, heartbeatMs = 15_000 } = options;
  const open = new Set<Stream>();
  let heartbeat: Timer | undefined;

  function forget(stream: Stream): void {
    open.delete(stream);
    if (open.size > 0) return;
    heartbeat?.cancel();
    heartbeat = undefined;
  }

  return {
    open(response, { mac, backlog }) {
      if (open.size >= limit) return false;
      response.writeHead(200, HEADERS);
      response.write('retry: 2000\n\n');
      const stream = createStream(response, buffer);
      if (backlog > 0) for (const record of journal.recent({ mac, limit: backlog })) stream.take(record);
      const unfollow = journal.follow((record) => {
        if (mac === undefined || record.mac === mac) stream.take(record);
      });
      open.add(stream);
      heartbeat ??= clock.every('http event heartbeat', heartbeatMs, () => {
        for (const each of open) each.beat();
      });
      response.once('close', () => {
        unfollow();
        forget(stream);
      });
      return true;
    },
    close() {
      for (const stream of open) stream.end();
    },
  };
}

interface Stream {
  take(record: JournalRecord): void;
  beat(): void;
  end(): void;
}

/**
 * A record is only noted while the packet that caused it is served; text is made of it in a later turn of the loop,
 * many at once, and only while the reader keeps up.
 */
function createStream(response: ServerResponse, buffer: number): Stream {
  let waiting: JournalRecord[] = [];
  let dropped = 0;
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    if (response.writableEnded || response.destroyed || response.writableNeedDrain) return;
    if (waiting.length === 0 && dropped === 0) return;
    const batch = waiting;
    waiting = [];
    const gap = dropped === 0 ? '' : `event: dropped\ndata: {"count":${dropped}}\n\n`;
    dropped = 0;
    response.write(batch.map(frame).join('') + gap);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  response.on('drain', schedule);
  return {
    take(record) {
      if (waiting.length < buffer) waiting.push(record);
      else dropped += 1;
      schedule();
    },
    beat() {
      if (!response.writableNeedDrain) response.write(': still here\n\n');
    },
    end() {
      response.end();
    },
  };
}

function frame(record: JournalRecord): string {
  return `event: ${record.kind}\ndata: ${JSON.stringify(eventOf(record))}\n\n`;
}
