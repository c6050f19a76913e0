/** Files of Debian packages that scripts/packages unpacks into tmp/packages, or that this machine has installed. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const UNPACKED = resolve(import.meta.dirname, '../../tmp/packages');

/** The absolute path of a package's file or directory, named without a leading slash. Throws, saying what to do. */
export function packaged(name: string, path: string): string {
  const found = [join(UNPACKED, name, path), `/${path}`].find((candidate) => existsSync(candidate));
  if (found === undefined) throw new Error(`${path} of ${name} is missing: run scripts/packages firmware.`);
  return found;
}
