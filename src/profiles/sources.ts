/** Which files of a directory are read, and what they hold. */
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Position } from '../yaml/diagnostic.ts';
import { parseYaml, type YamlDocument } from '../yaml/document.ts';
import { isMissing, readText, reasonOf, unreadable } from '../yaml/read.ts';
import type { Reporter } from '../yaml/report.ts';

export interface Sources {
  readonly documents: readonly YamlDocument[];
  /** Each file's path and text, as parts of the state that a reload compares. */
  readonly texts: readonly string[];
}

/**
 * Every document of `path`: a directory, or (when `orFile`) one file. Of a directory: its *.yaml and *.yml, by name,
 * without hidden ones. That leaves out editors' swap files, and the `..data` directory through which a Kubernetes
 * ConfigMap mount links its files, so that each is read once. A path that is not there holds nothing.
 */
export async function readSources(path: string, orFile: boolean, reporter: Reporter): Promise<Sources> {
  const documents: YamlDocument[] = [];
  const texts: string[] = [];
  for (const file of await listFiles(path, orFile, reporter)) {
    const read = await readText(file);
    if (!('text' in read)) {
      reporter.add([unreadable(file, read.unreadable, read.place)]);
      continue;
    }
    const parsed = parseYaml(read.text, file);
    reporter.add(parsed.diagnostics);
    for (const document of parsed.documents) documents.push(document);
    texts.push(file, read.text);
  }
  return { documents, texts };
}

async function listFiles(path: string, orFile: boolean, reporter: Reporter): Promise<string[]> {
  try {
    const status = await stat(path);
    if (status.isFile() && orFile) return [path];
    if (!status.isDirectory()) {
      reporter.add([
        unreadable(path, orFile ? 'it is neither a directory nor a file' : 'it is no directory'),
      ]);
      return [];
    }
    const names = await readdir(path);
    return names
      .filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    if (!isMissing(error)) reporter.add([unreadable(path, reasonOf(error))]);
    return [];
  }
}

/** Another place as a message in `from` names it: `line 3`, or `other.yaml:3` relative to that file. */
export function placeSeenFrom(from: Position, other: Position): string {
  if (from.file === other.file) return `line ${other.line}`;
  return `${relative(dirname(from.file), other.file)}:${other.line}`;
}
