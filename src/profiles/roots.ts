/** Whether files that profiles name are there to be served, as far as that can be told at load. */
import { stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';

export interface ServedFiles {
  /** The absolute path of the file below the first root that holds it; undefined when none does. */
  find(path: string): Promise<string | undefined>;
}

/** Each path is looked up once; so one of these serves one load. */
export function createServedFiles(roots: readonly string[]): ServedFiles {
  const found = new Map<string, Promise<string | undefined>>();

  async function search(path: string): Promise<string | undefined> {
    const below = normalize(`/${path}`);
    for (const root of roots) {
      const candidate = join(root, below);
      if (await isFile(candidate)) return candidate;
    }
    return undefined;
  }

  return {
    find: (path) => {
      const known = found.get(path) ?? search(path);
      found.set(path, known);
      return known;
    },
  };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    // Whatever the reason, it cannot be served now, which is all that the warning says.
    return false;
  }
}
