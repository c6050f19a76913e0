/** One DHCP server's way of being configured. */
import type { Pointers } from './pointers.ts';

export interface Dialect {
  /** Where the lines go, as a help text tells it. */
  readonly describe: string;
  /** Text to paste, ending in a newline. What the dialect cannot say is said in a comment of its own syntax. */
  write(pointers: Pointers): string;
}
