/** Reads an iPXE script for the files that it fetches. Pure; never throws. */

/** A file that a script names. */
export interface Reference {
  /** 1-based. */
  readonly line: number;
  readonly command: string;
  /** As written, its variables filled in. */
  readonly word: string;
  /**
   * True when the script gets here whatever happens and has no other way when the file is missing: nothing before it
   * jumps or asks, and the line has no alternative but a jump.
   */
  readonly certain: boolean;
  /** A setting that only a machine has; then `word` cannot be followed. */
  readonly unknown: string | undefined;
}

/** Settings by name, as `${name}` or `${net0/name}`. */
export type Settings = ReadonlyMap<string, string>;

/** Commands whose first word that is no flag names a file, and flags of theirs that take a value. */
const FETCHING: ReadonlySet<string> = new Set([
  'kernel',
  'initrd',
  'module',
  'chain',
  'imgfetch',
  'imgload',
  'imgselect',
  'boot',
  'imgexec',
]);
/** Of these the word may be an image that was fetched before, by name. */
const MAY_NAME_IMAGE: ReadonlySet<string> = new Set(['boot', 'imgexec', 'imgselect', 'imgload']);
const FLAGS_WITH_VALUE: ReadonlySet<string> = new Set(['-n', '--name', '-t', '--timeout']);
/** After one of these, what follows may never be reached. */
const BRANCHING: ReadonlySet<string> = new Set([
  'goto',
  'iseq',
  'isset',
  'menu',
  'choose',
  'exit',
  'prompt',
  'login',
  'shell',
]);

interface Reading {
  readonly settings: Map<string, string>;
  readonly found: Reference[];
  straight: boolean;
}

export function referencesOf(text: string, known: Settings): Reference[] {
  const reading: Reading = { settings: new Map(known), found: [], straight: true };
  for (const [index, line] of text.split('\n').entries()) {
    const command = line.trim();
    if (command.startsWith('#') || command === '') continue;
    if (command.startsWith(':')) reading.straight = false;
    else readLine(command, index + 1, reading);
  }
  return reading.found;
}

/** One line: commands joined by `&&` and `||`. */
function readLine(line: string, number: number, reading: Reading): void {
  const parts = line.split(/(\s(?:&&|\|\|)(?:\s|$))/);
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 1) continue;
    const words = part.trim().split(/\s+/);
    const [command = ''] = words;
    if (command === 'set') setOf(part.trim(), reading.settings);
    // What comes behind `||` is another way, or what is said of the failure; behind `&&` it depends.
    const alone = index === 0 && !hasAlternative(parts);
    if (FETCHING.has(command)) note({ command, words, number, certain: reading.straight && alone }, reading);
    if (index === 0 && BRANCHING.has(command)) reading.straight = false;
  }
}

/** Whether `||` leads on to anything but a jump to where the failure is told. */
function hasAlternative(parts: readonly string[]): boolean {
  return parts.some((part, index) => {
    if (part.trim() !== '||') return false;
    const [next = ''] = (parts[index + 1] ?? '').trim().split(/\s+/);
    return next !== 'goto' && next !== 'exit' && next !== 'shell' && next !== 'reboot';
  });
}

interface Fetching {
  readonly command: string;
  readonly words: readonly string[];
  readonly number: number;
  readonly certain: boolean;
}

function note({ command, words, number, certain }: Fetching, { settings, found }: Reading): void {
  const written = firstArgument(words);
  if (written === undefined) return;
  const { text, unknown } = expand(written, settings);
  // A name without a path is an image of a line before, or might as well be.
  if (MAY_NAME_IMAGE.has(command) && !/[/:]/.test(text)) return;
  found.push({ line: number, command, word: text, certain, unknown });
}

function firstArgument(words: readonly string[]): string | undefined {
  for (let index = 1; index < words.length; index++) {
    const word = words[index] ?? '';
    if (!word.startsWith('-')) return word;
    if (FLAGS_WITH_VALUE.has(word)) index += 1;
  }
  return undefined;
}

function setOf(command: string, settings: Map<string, string>): void {
  const [, name = '', value = ''] = /^set\s+(?:--\S+\s+)*(\S+)\s*(.*)$/.exec(command) ?? [];
  const { text, unknown } = expand(value, settings);
  const plain = plainName(name);
  if (unknown === undefined) settings.set(plain, text);
  else settings.delete(plain);
}

/** `net0/mac` → `mac`, `mac:hexhyp` → `mac`: one machine with one NIC is asked about. */
const plainName = (name: string): string => name.replace(/^net[0-9X]+(?:\.dhcp)?\//i, '').replace(/:.*$/, '');

function expand(text: string, settings: Settings): { text: string; unknown: string | undefined } {
  let unknown: string | undefined;
  const filled = text.replaceAll(/\$\{([^{}]*)\}/g, (whole, name: string) => {
    const value = settings.get(plainName(name));
    if (value === undefined) {
      unknown ??= name;
      return whole;
    }
    if (/:hexhyp$/.test(name)) return value.replaceAll(':', '-');
    if (/:hexraw$/.test(name)) return value.replaceAll(':', '');
    return /:uristring$/.test(name) ? encodeURIComponent(value) : value;
  });
  return { text: filled, unknown };
}
