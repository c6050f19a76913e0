/** The commands' end of the control socket. */
import { closeSync, openSync } from 'node:fs';
import { request } from 'node:http';
import { controlSocket, shortControlSocket } from '../http/control.ts';

/** The running server refused, or may not be spoken to. */
export class ControlFailed extends Error {
  override readonly name = 'ControlFailed';
  readonly hint: string | undefined;
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks the server that uses a state directory. Resolves to the body of its answer, or undefined when no server listens
 * there. Rejects with ControlFailed, in the server's words.
 */
export async function askServer(directory: string, method: 'GET' | 'DELETE', path: string): Promise<unknown> {
  let descriptor: number;
  try {
    descriptor = openSync(directory, 'r');
  } catch {
    return undefined;
  }
  try {
    const { status, text } = await exchange(shortControlSocket(descriptor), method, path);
    const body: unknown = JSON.parse(text);
    if (status < 400) return body;
    throw new ControlFailed(messageOf(body) ?? `the server answered with status ${status}`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    if (code !== 'EACCES') throw error;
    throw new ControlFailed(
      `may not speak to the server by ${controlSocket(directory)}`,
      'run as the user whom the server runs as, or as root',
      { cause: error },
    );
  } finally {
    closeSync(descriptor);
  }
}

function exchange(socketPath: string, method: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => void chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asked.once('error', reject);
    asked.end();
  });
}

function messageOf(body: unknown): string | undefined {
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return typeof message === 'string' ? message : undefined;
}
