/** Text as it stands in packets: ASCII in nearly every case, UTF-8 where an author wrote more. */

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LATIN1 = new TextDecoder('latin1');
const ENCODER = new TextEncoder();

/** Bytes → text. UTF-8 when they are that, else one character a byte, so that no input fails. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length <= 48) {
    const ascii = asciiOf(bytes);
    if (ascii !== undefined) return ascii;
  }
  try {
    return UTF8.decode(bytes);
  } catch {
    return LATIN1.decode(bytes);
  }
}

/** Text up to its first NUL, which clients and servers may or may not send (RFC 2132 §2). */
export function textToNul(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return textOf(nul < 0 ? bytes : bytes.subarray(0, nul));
}

/** Text → UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** Whether every character is printable ASCII, the space included. */
export function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/**
 * Text with its control and invisible formatting characters spelled out, so that what a client sends cannot steer a
 * terminal or reorder a log line.
 */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => {
    const code = (char.codePointAt(0) ?? 0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
  });
}

function asciiOf(bytes: Uint8Array): string | undefined {
  let text = '';
  for (const byte of bytes) {
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
