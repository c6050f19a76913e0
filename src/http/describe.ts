/** How a route of the API describes itself. */
import type { z } from 'zod';
import { ErrorBody } from './api.ts';

/** What stands in the OpenAPI document of every API route. */
export function describe(summary: string, body: z.ZodType, extra: object = {}) {
  return { schema: { summary, tags: ['api'], response: { 200: body, 400: ErrorBody }, ...extra } };
}
