/** GET and HEAD /boot/<path>: the files that TFTP serves, by the same resolver. */
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Content, ContentFailure, ContentResolver, OpenContent } from '../content/resolver.ts';
import { ErrorBody } from './api.ts';
import { mediaType } from './media.ts';
import { FileParameters } from './queries.ts';
import { type Selection, select } from './ranges.ts';
import { beginTransfer, type Transfer, type TransferDeps } from './transfer.ts';

export interface BootDeps extends TransferDeps {
  readonly content: ContentResolver;
}

/** Bytes handed to the socket at a time: large enough to be cheap, small enough that slow clients cost little memory. */
const CHUNK = 256 * 1024;

/** How OpenAPI 3.1 says "any bytes". */
const BYTES = {
  description: 'The bytes of the file.',
  content: { 'application/octet-stream': { schema: {} } },
};

const FAILURES = {
  'not-found': { status: 404, event: 'not-found' },
  refused: { status: 403, event: 'refused' },
  broken: { status: 500, event: 'failed' },
} as const satisfies Record<ContentFailure['failure'], object>;

export function addBootRoute(app: FastifyInstance, deps: BootDeps): void {
  app.route<{ Params: { '*': string } }>({
    method: ['GET', 'HEAD'],
    url: '/boot/*',
    schema: {
      summary: 'A boot file: the same as by TFTP, with ranges and entity tags',
      tags: ['boot'],
      params: FileParameters,
      response: { 200: BYTES, 206: BYTES, 404: z.string(), 400: ErrorBody },
    },
    // The path is the resolver's to judge; the schema above documents it under a name.
    validatorCompiler: () => () => true,
    handler: async (request, reply) => {
      const transfer = beginTransfer(deps, request, request.params['*']);
      const found = await openFile(deps.content, transfer, request, reply);
      if (found === undefined) return reply;
      await sendBody(reply, transfer, found);
      return reply;
    },
  });
}

interface Body {
  readonly content: Content;
  readonly opened: OpenContent;
  readonly selection: Extract<Selection, { offset: number }>;
}

/** Answers all that needs no body, and opens the file for what does. */
async function openFile(
  resolver: ContentResolver,
  transfer: Transfer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Body | undefined> {
  const content = await resolver.resolve(transfer.client.path, transfer.requester);
  if ('failure' in content) return fail(reply, transfer, content);
  const etag = `"${content.etag}"`;
  const selection = select(request.method, request.headers, { ...content, etag });
  const described = { file: content.name, size: content.size };
  if (!('offset' in selection) || request.method === 'HEAD') {
    transfer.tell('probe', { ...described, ...(selection.status === 304 ? { detail: 'not modified' } : {}) });
    writeHead(reply, content, selection).end();
    return undefined;
  }
  try {
    const opened = await content.open();
    if (opened.etag === content.etag) return { content, opened, selection };
    opened.close();
    return fail(reply, transfer, { failure: 'broken', detail: 'the file changed just now: ask again' });
  } catch (error) {
    return fail(reply, transfer, failureOf(error));
  }
}

/** Content that cannot be opened throws an error that carries its failure. */
function failureOf(error: unknown): ContentFailure {
  if (error instanceof Error && 'failure' in error && isFailure(error.failure)) return error.failure;
  return { failure: 'broken', detail: error instanceof Error ? error.message : 'it cannot be opened' };
}

function isFailure(value: unknown): value is ContentFailure {
  return typeof value === 'object' && value !== null && 'failure' in value && 'detail' in value;
}

/** A short reason as text: a person with curl reads it, firmware only looks at the status. */
function fail(reply: FastifyReply, transfer: Transfer, { failure, detail }: ContentFailure): undefined {
  const { status, event } = FAILURES[failure];
  transfer.tell(event, { detail });
  reply.code(status).type('text/plain; charset=utf-8').send(`${detail}\n`);
}

function writeHead(reply: FastifyReply, content: Content, selection: Selection) {
  const headers: Record<string, string | number> = {
    'accept-ranges': 'bytes',
    // Files are replaced in place and templates differ by machine: ask every time, the entity tag makes it cheap.
    'cache-control': 'private, no-cache',
    etag: `"${content.etag}"`,
  };
  if (content.modifiedAt !== undefined) headers['last-modified'] = new Date(content.modifiedAt).toUTCString();
  if (selection.status === 416) headers['content-range'] = `bytes */${content.size}`;
  if ('offset' in selection) {
    headers['content-type'] = mediaType(content.name);
    headers['content-length'] = selection.length;
    if (selection.status === 206) {
      const last = selection.offset + selection.length - 1;
      headers['content-range'] = `bytes ${selection.offset}-${last}/${content.size}`;
    }
  } else if (selection.status === 416) {
    headers['content-length'] = 0;
  }
  reply.hijack();
  return reply.raw.writeHead(selection.status, headers);
}

/** Streams no faster than the client reads, and closes the file whatever happens. */
async function sendBody(reply: FastifyReply, transfer: Transfer, body: Body): Promise<void> {
  const { content, opened, selection } = body;
  let handed = 0;
  let fault: unknown;

  async function* pieces(): AsyncGenerator<Uint8Array> {
    while (handed < selection.length) {
      const piece = await readPiece(opened, selection.offset + handed, selection.length - handed).catch(
        (error: unknown) => {
          fault = error;
          throw error;
        },
      );
      handed += piece.length;
      yield piece;
    }
  }

  const told = () => ({ file: content.name, size: content.size, bytes: handed });
  try {
    await pipeline(pieces, writeHead(reply, content, selection));
    transfer.tell('done', told());
  } catch {
    // The status line is out: all that is left is to cut the connection, which pipeline() has done.
    if (fault === undefined) transfer.tell('aborted', told());
    else transfer.tell('failed', { ...told(), detail: failureOf(fault).detail });
  } finally {
    opened.close();
  }
}

async function readPiece(opened: OpenContent, offset: number, left: number): Promise<Uint8Array> {
  const length = Math.min(CHUNK, left);
  const piece = opened.whole?.bytes.subarray(offset, offset + length) ?? (await opened.read(offset, length));
  if (piece.length === 0) throw new Error('the file became shorter while it was sent');
  return piece;
}
