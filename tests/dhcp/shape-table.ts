/** The harness of every shape's table: one row is checked in all four directions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isShapeError, type Shape } from '../../src/dhcp/shapes/shape.ts';
import { fromHex, toHex } from './hex.ts';

export interface ShapeTable {
  /** [what an author writes, its bytes in hex, what people read]. */
  readonly correct: readonly (readonly [input: unknown, hex: string, text: string])[];
  /** What an author may not write. */
  readonly badValues: readonly unknown[];
  /** Bytes that are none of this shape. */
  readonly badHex: readonly string[];
  /** Any valid input, for round trips. */
  readonly any: fc.Arbitrary<unknown>;
}

export function testShape<Value>(name: string, shape: Shape<Value>, table: ShapeTable): void {
  describe(name, () => {
    for (const [input, hex, text] of table.correct) {
      test(`${JSON.stringify(input)} is ${hex}`, () => {
        const value = shape.parse(input);
        assert.ok(!isShapeError(value), JSON.stringify(value));
        assert.equal(toHex(shape.encode(value)), toHex(fromHex(hex)));
        const decoded = shape.decode(fromHex(hex));
        assert.deepEqual(decoded, value);
        assert.equal(shape.format(value), text);
      });
    }

    for (const input of table.badValues) {
      test(`${JSON.stringify(input) ?? 'undefined'} is refused`, () => {
        const result = shape.parse(input);
        assert.ok(isShapeError(result));
        assert.notEqual(result.shapeError, '');
      });
    }

    for (const hex of table.badHex) {
      test(`bytes ${hex || 'none'} are refused`, () => assert.ok(isShapeError(shape.decode(fromHex(hex)))));
    }

    test('whatever parses survives the wire', () => {
      fc.assert(
        fc.property(table.any, (input) => {
          const value = shape.parse(input);
          assert.ok(!isShapeError(value), JSON.stringify(value));
          assert.deepEqual(shape.decode(shape.encode(value)), value);
        }),
      );
    });

    test('any bytes are a value that can be written and told, or an error', () => {
      const near = fc.constantFrom(...table.correct.map(([, hex]) => fromHex(hex)));
      const damaged = fc
        .tuple(
          near,
          fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 255 })), { maxLength: 3 }),
          fc.nat({ max: 60 }),
        )
        .map(([bytes, changes, length]) => {
          const copy = Uint8Array.from(bytes);
          for (const [at, value] of changes) copy[at] = value;
          return copy.subarray(0, length);
        });
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged), (bytes) => {
          const value = shape.decode(bytes);
          if (isShapeError(value)) return;
          assert.equal(typeof shape.format(value), 'string');
          assert.deepEqual(shape.decode(shape.encode(value)), value);
        }),
      );
    });

    test('any input is a value or an error', () => {
      fc.assert(
        fc.property(fc.anything(), (input) => {
          const value = shape.parse(input);
          if (!isShapeError(value)) assert.deepEqual(shape.decode(shape.encode(value)), value);
        }),
      );
    });
  });
}
