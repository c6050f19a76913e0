/** YAML nodes → plain values beside a tree of the same shape that keeps where each key and value stands. */
import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import type { DiagnosticCode } from './diagnostic.ts';

/** One value, and the offsets (UTF-16 units from the start of the file) of it and of its children's keys. */
export interface Tree {
  readonly value: unknown;
  readonly offset: number;
  /** Of a scalar: as written in the file, quotes included. */
  readonly source?: string | undefined;
  /** Of a `|` scalar: offset of its header. */
  readonly literal?: boolean | undefined;
  readonly children: ReadonlyMap<string | number, Child>;
  /** How many values it holds, itself included, aliases expanded. */
  readonly weight: number;
}

export interface Child {
  readonly tree: Tree;
  /** Undefined in a list. */
  readonly keyOffset?: number | undefined;
}

export interface TreeFault {
  readonly offset: number;
  readonly code: DiagnosticCode;
  readonly message: string;
  /** Offset of the place that the message calls the first one. */
  readonly first?: number | undefined;
}

/** Deeper than any configuration, shallower than the stack. */
const MAX_DEPTH = 64;
/** How many values aliases may add, so that a few lines cannot unfold into gigabytes. */
const MAX_ALIASED = 100_000;
const NOTHING: ReadonlyMap<string | number, Child> = new Map();

/** Never throws: what cannot be taken becomes null in the value, and a fault. */
export function buildTree(root: Node | null, text: string): { tree: Tree; faults: readonly TreeFault[] } {
  const faults: TreeFault[] = [];
  const anchors = new Map<string, Tree | 'open'>();
  let aliased = 0;

  const nothing = (offset: number): Tree => ({ value: null, offset, children: NOTHING, weight: 1 });
  const fail = (offset: number, message: string, code: DiagnosticCode = 'YAML_SYNTAX'): Tree => {
    faults.push({ offset, code, message });
    return nothing(offset);
  };

  function build(node: unknown, fallback: number, depth: number): Tree {
    if (isAlias(node)) return resolveAlias(node.source, node.range?.[0] ?? fallback);
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return nothing(fallback);
    const offset = node.range?.[0] ?? fallback;
    if (depth > MAX_DEPTH) return fail(offset, `values are nested more than ${MAX_DEPTH} deep`);
    if (node.anchor !== undefined) anchors.set(node.anchor, 'open');
    const tree = isScalar(node)
      ? scalar(node, offset)
      : isMap(node)
        ? mapping(node.items, offset, depth)
        : sequence(node.items, offset, depth);
    if (node.anchor !== undefined) anchors.set(node.anchor, tree);
    return tree;
  }

  function resolveAlias(name: string, offset: number): Tree {
    const target = anchors.get(name);
    if (target === undefined) return fail(offset, `the alias *${name} has no anchor &${name} before it`);
    if (target === 'open') return fail(offset, `the alias *${name} stands inside its own anchor`);
    const before = aliased;
    aliased += target.weight;
    if (aliased <= MAX_ALIASED) return { ...target, offset, literal: false };
    // Told once: all further aliases are too many as well.
    if (before > MAX_ALIASED) return nothing(offset);
    return fail(offset, `aliases unfold into more than ${MAX_ALIASED} values`);
  }

  function scalar(node: { value: unknown; type?: string; range?: readonly number[] | null }, offset: number) {
    const source = text.slice(offset, node.range?.[1] ?? offset);
    return {
      value: node.value,
      offset,
      source,
      literal: node.type === 'BLOCK_LITERAL',
      children: NOTHING,
      weight: 1,
    };
  }

  function sequence(items: readonly unknown[], offset: number, depth: number): Tree {
    const children = new Map<number, Child>();
    const value: unknown[] = [];
    let weight = 1;
    for (const item of items) {
      const tree = build(item, offset, depth + 1);
      children.set(value.length, { tree });
      value.push(tree.value);
      weight += tree.weight;
    }
    return { value, offset, children, weight };
  }

  function mapping(items: readonly { key: unknown; value: unknown }[], offset: number, depth: number): Tree {
    const children = new Map<string, Child>();
    const value: Record<string, unknown> = {};
    let weight = 1;
    for (const item of items) {
      const keyTree = build(item.key, offset, depth + 1);
      const keyOffset = keyTree.offset;
      const key = keyText(keyTree);
      const tree = build(item.value, keyOffset, depth + 1);
      const earlier = key === undefined ? undefined : children.get(key);
      if (key === undefined) {
        fail(keyOffset, 'a key must be a word or a number, not empty, a list or a mapping', 'WRONG_TYPE');
      } else if (key === '__proto__') {
        fail(keyOffset, 'no key may be called __proto__', 'UNKNOWN_KEY');
      } else if (earlier !== undefined) {
        const message = `the key ${key} stands here a second time`;
        faults.push({ offset: keyOffset, code: 'DUPLICATE_KEY', message, first: earlier.keyOffset });
      } else {
        children.set(key, { tree, keyOffset });
        value[key] = tree.value;
        weight += tree.weight + 1;
      }
    }
    return { value, offset, children, weight };
  }

  return { tree: build(root, 0, 0), faults };
}

function keyText(tree: Tree): string | undefined {
  const { value } = tree;
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
