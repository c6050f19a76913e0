/** The thread that writes leases (commits.ts is its other end): it waits for the disk so that no packet has to. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { COUNT, type Question, type ThreadData } from './commits.ts';
import { openDurable } from './durable.ts';
import { said } from './lease-file.ts';

const { file, port, counts: shared } = workerData as ThreadData;
const counts = new Int32Array(shared);
const leases = openDurable(file);

/** No event loop is needed to wait for one thing alone. */
function nextQuestion(answered: number): Question {
  Atomics.wait(counts, COUNT.asked, answered);
  return receiveMessageOnPort(port)?.message;
}

function answer(rows: NonNullable<Question>): void {
  try {
    leases.write(rows);
  } catch (error) {
    port.postMessage(said(error));
    Atomics.add(counts, COUNT.failed, 1);
  }
  Atomics.add(counts, COUNT.answered, 1);
  Atomics.notify(counts, COUNT.answered);
}

let answered = 0;
for (let rows = nextQuestion(answered); rows !== null; rows = nextQuestion(answered)) {
  answer(rows);
  answered += 1;
}
leases.close();
port.close();
