/** Temporary folders that do not outlive the process, however it ends short of SIGKILL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Scratch {
  /** Absolute. */
  readonly path: string;
  /** Idempotent. */
  remove(): void;
}

/** `what` becomes part of the folder's name. */
export function makeScratch(what: string): Scratch {
  const path = mkdtempSync(join(tmpdir(), `pilotlight-${what}-`));
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(path, { recursive: true, force: true });
  };
  process.on('exit', remove);
  return { path, remove };
}
