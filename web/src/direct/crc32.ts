/** CRC-32 as zlib and PNG have it (ISO 3309, ITU-T V.42): reflected, polynomial EDB88320. */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? (value >>> 1) ^ 0xed_b8_83_20 : value >>> 1;
  }
  return value;
});

/** Return the check sum of bytes, 0 to 2^32 - 1. */
export function crc32(bytes: Uint8Array): number {
  let value = 0xff_ff_ff_ff;
  for (const byte of bytes) {
    value = (value >>> 8) ^ (TABLE[(value ^ byte) & 0xff] as number);
  }
  return (value ^ 0xff_ff_ff_ff) >>> 0;
}
