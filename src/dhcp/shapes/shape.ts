/** What a wire shape is: the four directions of one kind of option value, side by side. */

/** Bytes or a configured value that do not fit a shape. Data, not an exception. */
export interface ShapeError {
  /** What is wrong, one sentence without a final stop; quotes the offending part. */
  readonly shapeError: string;
  /** How to write it right, where there is something to add. */
  readonly hint?: string | undefined;
}

/**
 * One kind of option value. decode(encode(v)) is v for every v that parse or decode gave, and decode takes any bytes
 * without throwing. A shape must consume exactly its bytes: what is left over is an error.
 */
export interface Shape<Value> {
  /** What an author writes, for messages: `an IPv4 address`. */
  readonly expects: string;
  decode(bytes: Uint8Array): Value | ShapeError;
  encode(value: Value): Uint8Array;
  /** For people: the log, explain. */
  format(value: Value): string;
  /** A value as YAML gives it. */
  parse(input: unknown): Value | ShapeError;
}

export function shapeError(message: string, hint?: string): ShapeError {
  return hint === undefined ? { shapeError: message } : { shapeError: message, hint };
}

export function isShapeError(value: unknown): value is ShapeError {
  return typeof value === 'object' && value !== null && 'shapeError' in value;
}

/** A configured value quoted in a message, short enough to read. */
export function quote(input: unknown): string {
  if (input === undefined) return 'nothing';
  const text = typeof input === 'bigint' ? `${input}` : (JSON.stringify(input) ?? typeof input);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The error for a value of another kind than the shape takes. */
export function unexpected(input: unknown, expects: string, hint?: string): ShapeError {
  return shapeError(`expected ${expects}, got ${quote(input)}`, hint);
}

/** Maps with the first error as the result: lists are right as a whole or wrong. */
export function all<Item, Value>(
  items: Iterable<Item>,
  one: (item: Item) => Value | ShapeError,
): Value[] | ShapeError {
  const values: Value[] = [];
  for (const item of items) {
    const value = one(item);
    if (isShapeError(value)) return value;
    values.push(value);
  }
  return values;
}

/** A list as authors write it: a sequence, or one item alone. */
export function listOf(input: unknown): readonly unknown[] {
  return Array.isArray(input) ? input : [input];
}
