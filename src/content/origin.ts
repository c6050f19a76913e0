/**
 * Where each client got its last file from. shim, GRUB, iPXE and Windows boot managers ask at the root for what lies
 * beside the file that they were loaded as: shim from `debian/shimx64.efi` wants `grubx64.efi` (rhboot/shim issues 300
 * and 710), iPXE `autoexec.ipxe` (ipxe issue 1658), a boot manager from `win11/bootmgfw.efi` wants `\Boot\BCD`.
 */
import type { Requester } from './resolver.ts';

export interface Origins {
  /**
   * The path taken from the directory of the client's last file; undefined when that was the root, or is not known.
   * Using it keeps it known for longer.
   */
  beside(path: string, requester: Requester): string | undefined;
  /** Remembers what the client was given by the path it asked for; `name` is a path below the root. */
  served(name: string, requester: Requester): void;
}

export interface OriginOptions {
  /** Milliseconds; only differences mean anything. */
  readonly now: () => number;
  /** How long a client may be silent, in milliseconds, before its next request is another boot. Default: 5 minutes. */
  readonly keepMs?: number | undefined;
  /** MACs and addresses kept; beyond it the one longest silent goes. Default: 16 384. */
  readonly limit?: number | undefined;
}

const KEEP_MS = 5 * 60_000;
const LIMIT = 16_384;

interface Origin {
  readonly directory: string;
  at: number;
}

export function createOrigins(options: OriginOptions): Origins {
  const { now, keepMs = KEEP_MS, limit = LIMIT } = options;
  /** Longest silent first. */
  const origins = new Map<string, Origin>();

  function put(keys: readonly string[], origin: Origin): void {
    for (const key of keys) {
      origins.delete(key);
      origins.set(key, origin);
    }
    for (const oldest of origins.keys()) {
      if (origins.size <= limit) break;
      origins.delete(oldest);
    }
  }

  return {
    beside(path, requester) {
      const keys = keysOf(requester);
      const [key] = keys;
      const origin = key === undefined ? undefined : origins.get(key);
      if (origin === undefined) return undefined;
      const at = now();
      if (at - origin.at >= keepMs) {
        for (const each of keys) origins.delete(each);
        return undefined;
      }
      put(keys, { ...origin, at });
      return `${origin.directory}/${path}`;
    },
    served(name, requester) {
      const keys = keysOf(requester);
      const directory = name.slice(0, Math.max(0, name.lastIndexOf('/')));
      if (directory !== '') put(keys, { directory, at: now() });
      else for (const key of keys) origins.delete(key);
    },
  };
}

/**
 * The one that says most first: iPXE may come back by another address than the firmware had, while the MAC may no
 * longer be known when the neighbour entry is gone.
 */
function keysOf({ mac, address }: Requester): readonly string[] {
  const keys: string[] = [];
  if (mac !== undefined) keys.push(mac);
  if (address !== undefined) keys.push(String(address));
  return keys;
}
