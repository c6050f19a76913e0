/** The options of one message in the order in which they were set. */
import type { OptionBytes } from './packet.ts';

/**
 * A Map to whoever reads it. A message has a dozen options, among which a search is faster than hashing; a Map of as many is
 * made anew three times while it grows, and was the largest piece of garbage that a message left.
 */
export class OptionList implements OptionBytes {
  readonly #codes: number[] = [];
  readonly #data: Uint8Array[] = [];

  get size(): number {
    return this.#codes.length;
  }

  get(code: number): Uint8Array | undefined {
    const at = this.#codes.indexOf(code);
    return at < 0 ? undefined : this.#data[at];
  }

  has(code: number): boolean {
    return this.#codes.includes(code);
  }

  /** An option that is there already keeps its place. */
  set(code: number, data: Uint8Array): this {
    const at = this.#codes.indexOf(code);
    if (at < 0) {
      this.#codes.push(code);
      this.#data.push(data);
    } else {
      this.#data[at] = data;
    }
    return this;
  }

  forEach(each: (data: Uint8Array, code: number, options: OptionBytes) => void): void {
    for (let at = 0; at < this.#codes.length; at++) {
      each(this.#data[at] as Uint8Array, this.#codes[at] as number, this);
    }
  }

  keys(): MapIterator<number> {
    return this.#codes.values();
  }

  values(): MapIterator<Uint8Array> {
    return this.#data.values();
  }

  *entries(): MapIterator<[number, Uint8Array]> {
    for (let at = 0; at < this.#codes.length; at++) {
      yield [this.#codes[at] as number, this.#data[at] as Uint8Array];
    }
  }

  [Symbol.iterator](): MapIterator<[number, Uint8Array]> {
    return this.entries();
  }
}
