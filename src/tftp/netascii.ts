/** Netascii (RFC 764 as RFC 1350 §1 uses it): a line ends with CR LF, and a CR that ends no line is CR NUL. */

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0x00;

/** Text with the line ends of this host → the same text in netascii. CR LF in a file is already a line's end. */
export function toNetascii(bytes: Uint8Array): Uint8Array {
  let extra = 0;
  for (let at = 0; at < bytes.length; at++) if (growsAt(bytes, at)) extra++;
  const result = new Uint8Array(bytes.length + extra);
  let to = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const grows = growsAt(bytes, at);
    if (grows && byte === LF) result[to++] = CR;
    result[to++] = byte;
    if (grows && byte === CR) result[to++] = NUL;
  }
  return result;
}

function growsAt(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === LF) return bytes[at - 1] !== CR;
  return bytes[at] === CR && bytes[at + 1] !== LF;
}
