/** Notices that something at or below some paths may have changed, by chokidar and what it needs help with. */
import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';

export interface ChangeNotice {
  /**
   * Watches the places to which the paths lead now. To be called, and waited for, before the files are read: what
   * changes after it is noticed.
   */
  refresh(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface NoticeOptions {
  /** Absolute: directories (with all below them) and files. They need not exist yet. */
  readonly paths: readonly string[];
  /** Something may have changed. Called often; never after close(). */
  readonly onChange: () => void;
  /** Watching fails in part, such as for want of inotify watches. */
  readonly onError: (error: unknown) => void;
}

/** As many symbolic links as Linux follows in one path. */
const MAX_LINKS = 40;

/**
 * Chokidar 6 notices writes, renames over a file, paths that come later and the swap of a link inside a watched
 * directory. Three cases it does not report (tried, 6.0.0): a watched directory replaced by a rename, which shows as a
 * raw event only; and a symbolic link that is swapped on the way to a watched path, or on the way from a watched
 * link to its file, as git-sync and release directories do. For these the links on all ways are watched as files.
 */
export function noticeChanges({ paths, onChange, onError }: NoticeOptions): ChangeNotice {
  let watchers: readonly FSWatcher[] = [];
  let watchedLinks: string | undefined;
  let closed = false;
  const roots: ReadonlySet<string> = new Set(paths);
  // A watcher that is closed before it is ready never says so.
  const { promise: closing, resolve: stopWaiting } = Promise.withResolvers<void>();

  async function refresh(): Promise<void> {
    const links = await linksOnTheWay(paths);
    const description = JSON.stringify([...links]);
    if (closed || description === watchedLinks) return;
    watchedLinks = description;
    // The old ones first: chokidar shares one handle among watchers of a path, and that one looks at the old place.
    await Promise.all(watchers.map((watcher) => watcher.close()));
    if (closed) return;
    watchers = [watchFiles(), watchLinks([...links.keys()])];
    await Promise.race([closing, Promise.all(watchers.map(isReady))]);
  }

  function watchFiles(): FSWatcher {
    const watcher = watch([...paths], { ignoreInitial: true, atomic: false });
    watcher.on('all', changed);
    watcher.on('raw', (_event, _name, details) => {
      const { watchedPath } = Object(details);
      if (typeof watchedPath === 'string' && roots.has(watchedPath)) changed();
    });
    watcher.on('error', onError);
    return watcher;
  }

  function watchLinks(links: readonly string[]): FSWatcher {
    const watcher = watch([...links], {
      ignoreInitial: true,
      atomic: false,
      followSymlinks: false,
      depth: 0,
    });
    watcher.on('all', changed);
    watcher.on('error', onError);
    return watcher;
  }

  function changed(): void {
    if (!closed) onChange();
  }

  return {
    refresh,
    async close() {
      closed = true;
      stopWaiting();
      await Promise.all(watchers.map((watcher) => watcher.close()));
    },
  };
}

/** Resolves also when watching fails: what could be watched is, and the error is told elsewhere. */
function isReady(watcher: FSWatcher): Promise<void> {
  return new Promise((done) => {
    watcher.once('ready', done);
    watcher.once('error', () => done());
  });
}

/** Every symbolic link that leads to the paths or stands in them, and where it points. */
async function linksOnTheWay(paths: readonly string[]): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  for (const path of paths) {
    await followLinks(path, links);
    for (const entry of await linkedEntries(path)) await followLinks(entry, links);
  }
  return links;
}

async function linkedEntries(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => entry.isSymbolicLink())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch {
    // A single file, or not there yet: then it holds no links, and the loader tells what is wrong with it.
    return [];
  }
}

/** Walks one path from the file system's root, as the kernel does, and notes the links that it meets. */
async function followLinks(path: string, links: Map<string, string>): Promise<void> {
  const { root } = parse(path);
  let at = root;
  let rest = path.slice(root.length).split(sep);
  for (let hops = 0; rest.length > 0 && hops < MAX_LINKS; ) {
    const [name = '', ...behind] = rest;
    const next = join(at, name);
    const target = await linkTarget(next);
    if (target === 'missing') return;
    if (target === undefined) {
      at = next;
      rest = behind;
      continue;
    }
    hops += 1;
    links.set(next, target.link);
    const resolved = resolve(dirname(next), target.link);
    at = parse(resolved).root;
    rest = [...resolved.slice(at.length).split(sep), ...behind];
  }
}

async function linkTarget(path: string): Promise<{ link: string } | undefined | 'missing'> {
  try {
    const status = await lstat(path);
    return status.isSymbolicLink() ? { link: await readlink(path) } : undefined;
  } catch {
    return 'missing';
  }
}
