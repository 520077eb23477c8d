/** JPEG files put together by hand: legal ones whose scans take very long to decode. */

/** A segment with its marker and length (ITU T.81, B.1.1.4). */
function segment(marker: number, data: number[]): Buffer {
  const length = data.length + 2
  return Buffer.from([0xff, marker, length >> 8, length & 255, ...data])
}

/** The same code word again and again, filled with ones at the end (F.1.2.3); no byte of it is FF. */
function coded(words: [bits: number, length: number][]): Buffer {
  const digits = words.map(([bits, length]) => bits.toString(2).padStart(length, '0')).join('')
  const filled = digits.padEnd(Math.ceil(digits.length / 8) * 8, '1')
  const bytes = filled.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2))
  return Buffer.from(bytes.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])))
}

/**
 * A progressive JPEG of one colour. Each scan beyond the first says of one coefficient (and one bit of it, and one
 * component) that it is zero in all blocks, which takes a few bytes and a pass through the whole picture.
 *
 * @param side Width and height, in pixels.
 * @param scans At most 3 × 63 × 14 = 2646.
 */
export function progressiveJpeg(side: number, scans: number): Buffer {
  const blocks = Math.ceil(side / 8) ** 2
  const components = [1, 2, 3]
  // DC differences of 0: the code word 0. AC: 0 ends a band, 10 and 14 more bits end 16,384 bands and more (G.1.2.2).
  const dcTable = [0x00, 1, ...Array(15).fill(0), 0x00]
  const acTable = [0x10, 1, 1, ...Array(14).fill(0), 0x00, 0xe0]
  const head = Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, [0, ...Array(64).fill(1)]),
    segment(0xc2, [
      8,
      side >> 8,
      side & 255,
      side >> 8,
      side & 255,
      3,
      ...components.flatMap((id) => [id, 0x11, 0]),
    ]),
    segment(0xc4, dcTable),
    segment(0xc4, acTable),
    segment(0xda, [3, ...components.flatMap((id) => [id, 0]), 0, 0, 0]),
    Buffer.alloc(Math.ceil((3 * blocks) / 8)),
  ])
  const runs: [number, number][] = []
  let left = blocks
  for (; left >= 2 ** 14; left -= Math.min(left, 2 ** 15 - 1)) {
    runs.push([0b10, 2], [Math.min(left, 2 ** 15 - 1) - 2 ** 14, 14])
  }
  const band = coded([...runs, ...Array<[number, number]>(left).fill([0, 1])])
  const parts: Uint8Array[] = [head]
  // The highest bit of a coefficient first, then the lower ones (G.1.1.1.2).
  for (let coefficient = 1; coefficient <= 63; coefficient++)
    for (let bit = 13; bit >= 0; bit--)
      for (const id of components) {
        if (parts.length > 2 * (scans - 1)) break
        const bits = ((bit === 13 ? 0 : bit + 1) << 4) | bit
        parts.push(segment(0xda, [1, id, 0, coefficient, coefficient, bits]), band)
      }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])])
}
