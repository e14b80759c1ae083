// The CRC-32 at the end of a bzImage: reflected polynomial, all ones at the start, no final complement.
// Source: boot.rst, "The image checksum".
export function sealProbe({ bytes }) {
  const image = Buffer.from(bytes);
  let crc = 0xffffffff;
  for (const byte of image.subarray(0, image.length - 4)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  image.writeUInt32LE(crc >>> 0, image.length - 4);
  return image;
}
