/** The server of the npm package `tftp`, as a program: `node npm-tftp.ts ADDRESS ROOT`. */
import { createServer } from 'tftp';

const [host = '', root = ''] = process.argv.slice(2);
const server = createServer({ host, port: 69, root, denyPUT: true });
// A client that gives up is its own affair; without a listener the process would end.
server.on('error', (error) => console.error(String(error)));
server.on('request', (request) => request.on('error', (error) => console.error(String(error))));
server.listen();
