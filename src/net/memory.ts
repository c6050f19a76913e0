/** Memory whose address the kernel is told: where it lies, and C structures written into it. */
import koffi from 'koffi';
import type { Ipv4 } from '../values/ipv4.ts';
import { AF_INET } from './libc.ts';
import type { PinnedBuffer } from './udp.ts';

/** Bytes of struct sockaddr_in. */
export const SOCKADDR_IN_SIZE = 16;

/**
 * Takes the raw address of bytes, which is good for as long as the returned record (or the bytes) can be reached.
 * Throws TypeError for a resizable buffer, since shrinking it would take pages away from under the kernel.
 */
export function pin(bytes: Uint8Array): PinnedBuffer {
  // V8 keeps typed arrays of up to 64 bytes inside its moving heap until someone asks for their ArrayBuffer; this asks.
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.resizable)
    throw new TypeError('a resizable buffer cannot be pinned');
  // Addresses in user space have at most 47 (x86_64) or 48 (aarch64) bits: exact in a double.
  return {
    bytes,
    size: bytes.byteLength,
    address: bytes.byteLength === 0 ? 0 : Number(koffi.address(bytes)),
  };
}

/** Zeroed memory outside V8's heap, with its address. */
export function allocate(size: number): PinnedBuffer & { readonly view: DataView } {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  return { ...pin(bytes), view: new DataView(bytes.buffer) };
}

/** Writes a pointer or size_t. */
export function setWord(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value, true);
  view.setUint32(offset + 4, value / 0x1_0000_0000, true);
}

/** Writes a struct sockaddr_in: the family in host order, port and address in network order. */
export function setEndpoint(view: DataView, offset: number, address: Ipv4, port: number): void {
  view.setUint16(offset, AF_INET, true);
  view.setUint16(offset + 2, port);
  view.setUint32(offset + 4, address);
}

/** A C int, as setsockopt and getsockname want it. */
export function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** Text → NUL-padded char[16], the form of every interface name (IFNAMSIZ); a longer name is no name, and is cut. */
export function interfaceName(name: string): Uint8Array {
  const field = new Uint8Array(16);
  field.set(Buffer.from(name).subarray(0, 15));
  return field;
}
