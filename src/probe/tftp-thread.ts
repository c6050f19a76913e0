/**
 * The thread that fetches one file by TFTP (fetch-tftp.ts is its other end). A thread, because the npm client throws
 * where nobody can catch it when a server answers with certain nonsense; here that ends the thread and nothing else.
 */
import { parentPort, workerData } from 'node:worker_threads';
import tftp from 'tftp';
import type { Told, Wanted } from './fetch-tftp.ts';

const port = parentPort;
if (port === null) throw new Error('this is the entry of a thread');
const {
  host,
  port: serverPort,
  file,
  blockSize,
  windowSize,
  timeoutMs,
  retries,
  headerOnly,
} = workerData as Wanted;

const client = tftp.createClient({
  host,
  port: serverPort,
  blockSize,
  windowSize,
  timeout: timeoutMs,
  retries,
});
leaveOut('rollover');
// The client writes milliseconds where RFC 2349 has seconds, which some servers refuse as out of range, and takes seconds
// back as milliseconds.
leaveOut('timeout');
// Firmware that has no window does not ask for one.
if (windowSize === 1) leaveOut('windowsize');

/** Takes an option out of the request. No version of the package after this one is to be expected: it is of 2015. */
function leaveOut(name: string): void {
  const options = client._options;
  const value = options.extensionsString[name];
  if (value === undefined) return;
  delete options.extensionsString[name];
  options.extensionsLength -= name.length + value.length + 2;
}

const tell = (told: Told): void => port.postMessage(told);

// Without an object of further options here, an option in the answer that nobody asked for is a crash.
const stream = client.createGetStream(file, { userExtensions: {} });
stream.on('stats', ({ blockSize: block, windowSize: window, size }) => {
  tell({ kind: 'agreed', blockSize: block, windowSize: window, size: size ?? undefined });
  if (headerOnly) stream.abort();
});
stream.on('data', (chunk) => tell({ kind: 'data', bytes: new Uint8Array(chunk) }));
stream.on('end', () => tell({ kind: 'end' }));
stream.on('abort', () => tell({ kind: 'end' }));
stream.on('error', (error) => tell({ kind: 'failed', message: error.message }));
