/** The thread that writes leases (commits.ts is its other end): it waits for the disk so that no packet has to. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Answer, Question, ThreadData } from './commits.ts';
import { connectLeaseFile, said } from './lease-file.ts';
import type { Row } from './rows.ts';
import { createWriter } from './writer.ts';

const port = parentPort;
if (port === null) throw new Error('this is the entry of a thread');
const { file } = workerData as ThreadData;
const database = connectLeaseFile(file);
const writer = createWriter(database);

function write(rows: readonly Row[]): Answer {
  try {
    writer.write(rows);
    return null;
  } catch (error) {
    return said(error);
  }
}

port.on('message', (rows: Question) => {
  if (rows !== null) {
    port.postMessage(write(rows));
    return;
  }
  database.close();
  port.close();
});
