/** One datagram from inside a namespace, whatever its bytes. */
import type { Namespace } from './netns.ts';

const SCRIPT = `
const [host, port, hex] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
socket.send(Buffer.from(hex, 'hex'), Number(port), host, () => socket.close());
`;

/** Resolves once the datagram has been given to the kernel. */
export async function sendDatagram(
  from: Namespace,
  to: { readonly host: string; readonly port: number },
  payload: Uint8Array,
): Promise<void> {
  const hex = Buffer.from(payload).toString('hex');
  await from.run(process.execPath, '-e', SCRIPT, to.host, String(to.port), hex);
}
