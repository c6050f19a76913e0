/** Counters that cost a packet two or three Map look-ups and no memory; Prometheus's own bookkeeping happens when it scrapes. */
import { Counter, type Registry } from 'prom-client';

export interface Tally {
  /** Adds to the cell of these label values, given in the order of the label names: three at most, so that no list is made. */
  add(amount: number, first?: LabelValue, second?: LabelValue, third?: LabelValue): void;
}

/** Numbers become text when Prometheus scrapes. */
type LabelValue = string | number;

interface Cell {
  total: number;
  /** By the next label's value. */
  readonly next: Map<LabelValue, Cell>;
}

/** Values of one label beyond this are counted as `other`: no client shall grow the registry without end. */
const VALUE_LIMIT = 64;

/** Makes counters named `pilotlight_…` in one registry. */
export function createTally(
  registry: Registry,
): (name: string, help: string, labels: readonly string[]) => Tally {
  return (name, help, labels) => {
    const root: Cell = { total: 0, next: new Map() };
    const counter: Counter = new Counter({
      name: `pilotlight_${name}`,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        counter.reset();
        report(root, labels, {}, (values, total) => counter.inc(values, total));
      },
    });
    return {
      add(amount, first, second, third) {
        let cell = root;
        if (first !== undefined) cell = child(cell, first);
        if (second !== undefined) cell = child(cell, second);
        if (third !== undefined) cell = child(cell, third);
        cell.total += amount;
      },
    };
  };
}

function child(cell: Cell, value: LabelValue): Cell {
  const known = cell.next.get(value);
  if (known !== undefined) return known;
  if (cell.next.size >= VALUE_LIMIT && value !== 'other') return child(cell, 'other');
  const made: Cell = { total: 0, next: new Map() };
  cell.next.set(value, made);
  return made;
}

/** Visits the cells that stand for a whole set of labels. */
function report(
  cell: Cell,
  labels: readonly string[],
  values: Readonly<Record<string, string>>,
  tell: (values: Record<string, string>, total: number) => void,
): void {
  const [label, ...rest] = labels;
  if (label === undefined) {
    tell({ ...values }, cell.total);
    return;
  }
  for (const [value, next] of cell.next) report(next, rest, { ...values, [label]: String(value) }, tell);
}
