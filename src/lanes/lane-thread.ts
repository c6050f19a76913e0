/**
 * A lane: the thread that carries transfers (lanes.ts is its other end). It never goes back to Node's event loop: it waits
 * in poll(2) for datagrams, for the bell that tells of orders, and for what is due.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type ParkedSocket, parkNetwork } from '../net/parked.ts';
import { type Carrier, createCarrier } from './carrier.ts';
import type { LaneData, Order, Report } from './messages.ts';
import { SLOT_SIZE } from './received.ts';

/** How late a timeout may be noticed. */
const SWEEP_MS = 20;

/**
 * How often a lane looks for another packet before it goes to sleep. The next one of a client in lock-step that finds us
 * awake saves the wake-up, which takes longer than all the rest: one client gets 44 MiB/s in place of 21 over veth. Of many
 * clients one is always early; looking for longer only takes the CPU from whoever else wants it.
 */
const YIELDS = { few: 16, many: 4 };
const FEW = 4;

const port = parentPort;
if (port === null) throw new Error('this is the entry of a thread');
const data = workerData as LaneData;
const closed = new Int32Array(data.closed);
const network = parkNetwork(data.bell);
const report = (said: Report): void => port.postMessage(said);

const carriers = new Map<number, { readonly carrier: Carrier; readonly socket: ParkedSocket }>();
/** The carrier of each transfer under way. */
const carrying = new Map<number, Carrier>();
let ended = false;

function open({ socket: id, fd, version, nic, requests }: Extract<Order, { kind: 'open' }>): void {
  const socket = network.adopt(fd, version, nic, SLOT_SIZE, (batch) =>
    carrier.receive(batch, performance.now()),
  );
  const carrier = createCarrier({
    socket: id,
    requests,
    send: socket.send,
    report(said) {
      if (said.kind === 'ended') carrying.delete(said.transfer);
      report(said);
    },
  });
  carriers.set(id, { carrier, socket });
}

function close(id: number): void {
  const entry = carriers.get(id);
  entry?.socket.leave();
  carriers.delete(id);
  for (const [transfer, carrier] of carrying) if (carrier === entry?.carrier) carrying.delete(transfer);
  Atomics.add(closed, 0, 1);
  Atomics.notify(closed, 0);
}

function begin(order: Extract<Order, { kind: 'begin' }>): void {
  const carrier = carriers.get(order.socket)?.carrier;
  if (carrier === undefined) return;
  carrying.set(order.transfer, carrier);
  carrier.begin(order, performance.now());
}

function obey(order: Order): void {
  switch (order.kind) {
    case 'open':
      open(order);
      break;
    case 'close':
      close(order.socket);
      break;
    case 'begin':
      begin(order);
      break;
    case 'piece':
      carrying.get(order.transfer)?.put(order.transfer, order.piece, order.memory);
      break;
    case 'drop':
      carrying.get(order.transfer)?.drop(order.transfer, performance.now());
      break;
    case 'answer':
      carriers.get(order.socket)?.carrier.answer(order.peer, order.bytes);
      break;
    case 'end':
      ended = true;
      break;
  }
}

function obeyAll(from: NonNullable<typeof parentPort>): void {
  for (;;) {
    const received = receiveMessageOnPort(from);
    if (received === undefined) break;
    obey(received.message as Order);
  }
  for (const { carrier } of carriers.values()) carrier.flush();
}

const count = () => carriers.values().reduce((sum, { carrier }) => sum + carrier.sessions(), 0);

/** When the sweep comes round again; Infinity while there is nothing to sweep. */
let sweepAt = Number.POSITIVE_INFINITY;
/** As of the last sweep or order: this is asked at every packet. */
let sessions = 0;
while (!ended) {
  const ms = sweepAt === Number.POSITIVE_INFINITY ? sweepAt : Math.max(0, sweepAt - performance.now());
  const rang = network.wait(ms, sessions <= FEW ? YIELDS.few : YIELDS.many);
  if (rang) obeyAll(port);
  const now = performance.now();
  const due = now >= sweepAt;
  if (due) for (const { carrier } of carriers.values()) carrier.sweep(now);
  if (!due && !rang) continue;
  sessions = count();
  if (sessions === 0) sweepAt = Number.POSITIVE_INFINITY;
  else if (due || sweepAt === Number.POSITIVE_INFINITY) sweepAt = now + SWEEP_MS;
}
port.close();
