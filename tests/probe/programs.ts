/** Boot files made by hand: as much of each as tells what it is. */

/** A PE image: machine 0x8664 is x64, subsystem 10 an EFI application. */
export function pe({
  machine = 0x8664,
  subsystem = 10,
  signature = 0,
  size = 1024,
}: {
  readonly machine?: number;
  readonly subsystem?: number;
  /** Bytes of signatures. */
  readonly signature?: number;
  readonly size?: number;
} = {}): Uint8Array {
  const bytes = Buffer.alloc(size);
  const at = 0x80;
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(at, 0x3c);
  bytes.write('PE\0\0', at, 'latin1');
  bytes.writeUInt16LE(machine, at + 4);
  bytes.writeUInt16LE(0x20b, at + 24);
  bytes.writeUInt16LE(subsystem, at + 24 + 68);
  bytes.writeUInt32LE(signature, at + 24 + 112 + 4 * 8 + 4);
  return bytes;
}

/** A BIOS boot program begins with a jump. */
export function nbp(size = 1000): Uint8Array {
  const bytes = Buffer.alloc(size, 0x90);
  bytes.set([0xea, 5, 0, 0xc0, 7]);
  return bytes;
}
