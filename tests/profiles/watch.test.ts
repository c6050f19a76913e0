import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createClock } from '../../src/clock.ts';
import { loadInventory } from '../../src/profiles/inventory.ts';
import type { LoadResult } from '../../src/profiles/model.ts';
import { watchInventory } from '../../src/profiles/watch.ts';

const DEADLINE_MS = 20_000;

/** A profile whose name tells which edit was read. */
const profile = (name: string) => `name: ${name}\nboot: { local: true }\n`;

interface Bench {
  readonly directory: string;
  write(path: string, text: string): void;
  read(path: string): string;
  rename(from: string, to: string): void;
  link(target: string, path: string): void;
  /** Swaps a symbolic link as tools do it: a new link, renamed over the old one. */
  swapLink(target: string, path: string): void;
  remove(path: string): void;
}

function createBench(context: TestContext): Bench {
  const directory = mkdtempSync(join(tmpdir(), 'pl-watch-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const at = (path: string) => join(directory, path);
  const bench: Bench = {
    directory,
    write: (path, text) => {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), text);
    },
    read: (path) => readFileSync(at(path), 'utf8'),
    rename: (from, to) => renameSync(at(from), at(to)),
    link: (target, path) => {
      mkdirSync(dirname(at(path)), { recursive: true });
      symlinkSync(target, at(path));
    },
    swapLink: (target, path) => {
      symlinkSync(target, at(`${path}_tmp`));
      renameSync(at(`${path}_tmp`), at(path));
    },
    remove: (path) => rmSync(at(path), { recursive: true }),
  };
  return bench;
}

interface Watched {
  readonly watch: ReturnType<typeof watchInventory>;
  readonly results: LoadResult[];
  names(): string[];
  /** Waits until the names of the current profiles are these. */
  shows(...names: string[]): Promise<void>;
  until(condition: () => boolean, what: string): Promise<void>;
}

async function startWatch(context: TestContext, bench: Bench): Promise<Watched> {
  const profiles = join(bench.directory, 'profiles');
  const machines = join(bench.directory, 'machines.yaml');
  const results: LoadResult[] = [];
  const clock = createClock();
  const wakers = new Set<() => void>();
  const watch = watchInventory({
    load: (version) => loadInventory({ profiles, machines, roots: [], version, mode: 'proxy' }),
    paths: [profiles, machines],
    onLoad: (result) => {
      results.push(result);
      for (const wake of wakers) wake();
    },
    onError: (error) => assert.fail(String(error)),
    clock,
  });
  context.after(async () => {
    await watch.close();
    assert.deepEqual(clock.armed(), []);
  });
  const names = () => watch.current()?.profiles.map(({ name }) => name) ?? [];
  const until = (condition: () => boolean, what: string) =>
    new Promise<void>((done, fail) => {
      const deadline = setTimeout(() => {
        wakers.delete(look);
        fail(new Error(`${what} did not happen; profiles are ${names().join(', ')}`));
      }, DEADLINE_MS);
      const look = () => {
        if (!condition()) return;
        clearTimeout(deadline);
        wakers.delete(look);
        done();
      };
      wakers.add(look);
      look();
    });
  const shows = (...expected: string[]) =>
    until(() => names().join() === expected.join(), `showing ${expected.join(', ')}`);
  await watch.reload();
  return { watch, results, names, shows, until };
}

/** What is there before, and edits, each of which must be noticed and leave the named profiles. */
const EDITS: Readonly<
  Record<string, { before(bench: Bench): void; edits: [(bench: Bench) => void, ...string[]][] }>
> = {
  'a write in place': {
    before: (bench) => bench.write('profiles/a.yaml', profile('one')),
    edits: [
      [(bench) => bench.write('profiles/a.yaml', profile('two')), 'two'],
      [(bench) => bench.write('profiles/a.yaml', profile('six')), 'six'],
    ],
  },
  'a write beside and a rename over the file': {
    before: (bench) => bench.write('profiles/a.yaml', profile('one')),
    edits: ['two', 'three'].map((name) => [
      (bench) => {
        bench.write('profiles/.a.yaml.tmp', profile(name));
        bench.rename('profiles/.a.yaml.tmp', 'profiles/a.yaml');
      },
      name,
    ]),
  },
  'a backup by rename and a new file, as vim saves': {
    before: (bench) => bench.write('profiles/a.yaml', profile('one')),
    edits: ['two', 'three'].map((name) => [
      (bench) => {
        bench.write('profiles/.a.yaml.swp', 'no: [yaml');
        bench.rename('profiles/a.yaml', 'profiles/a.yaml~');
        bench.write('profiles/a.yaml', profile(name));
        bench.remove('profiles/a.yaml~');
        bench.remove('profiles/.a.yaml.swp');
      },
      name,
    ]),
  },
  'files that come and go': {
    before: (bench) => bench.write('profiles/a.yaml', profile('one')),
    edits: [
      [(bench) => bench.write('profiles/b.yaml', profile('two')), 'one', 'two'],
      [(bench) => bench.remove('profiles/a.yaml'), 'two'],
      [(bench) => bench.remove('profiles')],
      [(bench) => bench.write('profiles/c.yml', profile('three')), 'three'],
    ],
  },
  'directories that come later': {
    before: () => {},
    edits: [
      [(bench) => bench.write('profiles/a.yaml', profile('one')), 'one'],
      [(bench) => bench.write('profiles/a.yaml', profile('two')), 'two'],
    ],
  },
  'a directory replaced by a rename': {
    before: (bench) => bench.write('profiles/a.yaml', profile('one')),
    edits: [
      ...['two', 'three'].map((name): [(bench: Bench) => void, string] => [
        (bench) => {
          bench.write('new/a.yaml', profile(name));
          bench.rename('profiles', `old-${name}`);
          bench.rename('new', 'profiles');
        },
        name,
      ]),
      [(bench) => bench.write('profiles/a.yaml', profile('four')), 'four'],
    ],
  },
  'the ..data link of a Kubernetes ConfigMap': {
    before: (bench) => {
      bench.write('profiles/..1/a.yaml', profile('one'));
      bench.link('..1', 'profiles/..data');
      bench.link('..data/a.yaml', 'profiles/a.yaml');
    },
    edits: [2, 3, 4].map((generation) => [
      (bench) => {
        bench.write(`profiles/..${generation}/a.yaml`, profile(`g${generation}`));
        bench.swapLink(`..${generation}`, 'profiles/..data');
        bench.remove(`profiles/..${generation - 1}`);
      },
      `g${generation}`,
    ]),
  },
  'a directory of profiles that is a link to a release': {
    before: (bench) => {
      bench.write('releases/1/a.yaml', profile('one'));
      bench.link('releases/1', 'profiles');
    },
    edits: [
      ...[2, 3, 4].map((generation): [(bench: Bench) => void, string] => [
        (bench) => {
          bench.write(`releases/${generation}/a.yaml`, profile(`g${generation}`));
          bench.swapLink(`releases/${generation}`, 'profiles');
        },
        `g${generation}`,
      ]),
      [(bench) => bench.write('releases/4/a.yaml', profile('five')), 'five'],
    ],
  },
  'a link on the way to a linked file': {
    before: (bench) => {
      bench.write('releases/1/a.yaml', profile('one'));
      bench.link('releases/1', 'current');
      bench.link('../current/a.yaml', 'profiles/a.yaml');
    },
    edits: [2, 3].map((generation) => [
      (bench) => {
        bench.write(`releases/${generation}/a.yaml`, profile(`g${generation}`));
        bench.swapLink(`releases/${generation}`, 'current');
      },
      `g${generation}`,
    ]),
  },
};

for (const [name, { before, edits }] of Object.entries(EDITS)) {
  test(`noticed: ${name}`, async (context) => {
    const bench = createBench(context);
    before(bench);
    const watched = await startWatch(context, bench);
    for (const [edit, ...expected] of edits) {
      edit(bench);
      await watched.shows(...expected);
    }
  });
}

test('a write in two steps is read when it is whole', async (context) => {
  const bench = createBench(context);
  bench.write('profiles/a.yaml', profile('one'));
  const watched = await startWatch(context, bench);
  truncateSync(join(bench.directory, 'profiles/a.yaml'));
  await new Promise((done) => setTimeout(done, 20));
  bench.write('profiles/a.yaml', profile('two'));
  await watched.shows('two');
});

test('a template below the profiles is watched, too', async (context) => {
  const bench = createBench(context);
  const text = 'name: one\nboot: { local: true }\nfiles: { hello.txt: { template: t/hello.liquid } }\n';
  bench.write('profiles/a.yaml', text);
  bench.write('profiles/t/hello.liquid', 'first');
  const watched = await startWatch(context, bench);
  const source = () => watched.watch.current()?.profiles[0]?.files.get('hello.txt')?.source;
  assert.equal(source(), 'first');
  bench.write('profiles/t/hello.liquid', 'second');
  await watched.until(() => source() === 'second', 'the second template');
});

test('a single file of machines that comes later is noticed', async (context) => {
  const bench = createBench(context);
  const watched = await startWatch(context, bench);
  bench.write('machines.yaml', '- mac: 52:54:00:aa:00:01\n');
  await watched.until(() => watched.watch.current()?.machines.all.length === 1, 'a machine');
});

test('a broken file leaves the last good inventory, and mending it is told', async (context) => {
  const bench = createBench(context);
  bench.write('profiles/a.yaml', profile('one'));
  const { watch, results, until } = await startWatch(context, bench);
  const good = watch.current();
  bench.write('profiles/a.yaml', 'name: [\n');
  await until(() => results.at(-1)?.inventory === undefined, 'a refusal');
  assert.equal(watch.current(), good);
  assert.equal(results.at(-1)?.diagnostics[0]?.code, 'YAML_SYNTAX');
  bench.write('profiles/a.yaml', profile('one'));
  await until(() => results.length === 3, 'word of the mended file');
  assert.equal(watch.current(), good, 'the same text is the same inventory');
  bench.write('profiles/a.yaml', profile('two'));
  await until(() => results.length === 4, 'the changed profile');
  assert.deepEqual([good?.version, watch.current()?.version], [1, 2]);
});

test('never two loads at once; changes during a load bring exactly one more', async (context) => {
  const bench = createBench(context);
  bench.write('profiles/a.yaml', profile('one'));
  const clock = createClock();
  const gates: (() => void)[] = [];
  let atOnce = 0;
  let most = 0;
  const watch = watchInventory({
    load: async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise<void>((open) => gates.push(open));
      atOnce -= 1;
      return { inventory: undefined, diagnostics: [] };
    },
    paths: [join(bench.directory, 'profiles')],
    onLoad: () => {},
    clock,
  });
  const gate = async (index: number) => {
    while (gates[index] === undefined) await new Promise((done) => setImmediate(done));
    return gates[index];
  };
  const first = watch.reload();
  const openFirst = await gate(0);
  const [second, third] = [watch.reload(), watch.reload()];
  assert.equal(second, third, 'one more load serves both');
  bench.write('profiles/a.yaml', profile('two'));
  // Time in which a second load would begin if it did not wait for the first.
  await new Promise((done) => setTimeout(done, 100));
  openFirst();
  await first;
  (await gate(1))();
  await second;
  // The write's own event may have come before the second load began or after; at most one load answers it.
  const closing = watch.close();
  for (const open of gates) open();
  await closing;
  assert.equal(most, 1);
  assert.ok(gates.length <= 3, `${gates.length} loads`);
});

test('events that do not cease delay a reload by about a second at most', async (context) => {
  const bench = createBench(context);
  bench.write('profiles/a.yaml', profile('one'));
  const watched = await startWatch(context, bench);
  let count = 0;
  const writing = setInterval(() => bench.write('profiles/b.yaml', profile(`b${count++}`)), 30);
  context.after(() => clearInterval(writing));
  const began = performance.now();
  await watched.until(() => watched.names().length === 2, 'the second profile');
  assert.ok(performance.now() - began < 5000, 'in far less than the writing goes on');
});

test('close() during a load waits for it and tells nothing', async (context) => {
  const bench = createBench(context);
  const clock = createClock();
  let told = 0;
  const watch = watchInventory({
    load: async () => ({ inventory: undefined, diagnostics: [] }),
    paths: [join(bench.directory, 'profiles')],
    onLoad: () => {
      told += 1;
    },
    clock,
  });
  const loading = watch.reload();
  await watch.close();
  await loading;
  assert.equal(told, 0);
  await watch.close();
});

test('close() before anything was asked', async (context) => {
  const bench = createBench(context);
  const load = () => assert.fail('nothing was asked for');
  const watch = watchInventory({ load, paths: [bench.directory], onLoad: () => {}, clock: createClock() });
  await watch.close();
});
