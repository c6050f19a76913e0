/** Times in seconds, 32 bits unsigned (RFC 2132 §9.2); all ones is "for ever" (RFC 2131 §3.3). */
import { formatDuration, parseDuration } from '../../values/duration.ts';
import { uint32 } from './integer.ts';
import { type Shape, unexpected } from './shape.ts';

const INFINITE = 0xffff_ffff;

export const duration: Shape<number> = {
  expects: 'a duration such as 30s, 10m, 1h or 2d, a number of seconds, or "infinite"',
  decode: uint32.decode,
  encode: uint32.encode,
  format: (seconds) => (seconds === INFINITE ? 'infinite' : formatDuration(seconds)),
  parse(input) {
    if (input === 'infinite') return INFINITE;
    const seconds = typeof input === 'string' ? parseDuration(input) : input;
    const whole = typeof seconds === 'number' && Number.isInteger(seconds);
    return whole && seconds >= 0 && seconds <= INFINITE ? seconds + 0 : unexpected(input, this.expects);
  },
};
