/** The numbers of golden/numbers_of.py: what they are depends on a tensor's name and the number's place alone. */

/** FNV-1a, 32 bits. */
function hashOf(name: string): number {
  let value = 2166136261
  for (const byte of Buffer.from(name)) value = Math.imul(value ^ byte, 16777619)
  return value
}

/** `count` numbers in [−0.5, 0.5). */
function draw(name: string, count: number): Float64Array {
  const hash = hashOf(name)
  return Float64Array.from({ length: count }, (_, i) => {
    let x = Math.imul(i ^ hash, 0x9e3779b1)
    x ^= x >>> 15
    x = Math.imul(x, 0x85ebca77)
    x ^= x >>> 13
    return (x >>> 0) / 2 ** 32 - 0.5
  })
}

/** The parameter at the toolkit's `path`, in the toolkit's order of axes. */
export function parameterValues(path: string, shape: readonly number[]): Float32Array {
  const u = draw(
    path,
    shape.reduce((size, side) => size * side, 1),
  )
  const role = path.split('/').at(-1)!
  if (role === 'gamma') return Float32Array.from(u, (value) => 1 + value)
  if (role === 'moving_variance') return Float32Array.from(u, (value) => 1.5 + value)
  if (['beta', 'bias', 'moving_mean'].includes(role)) return Float32Array.from(u)
  const inputs = role === 'depthwise' ? 1 : shape[2]
  const fan = shape.length === 4 ? shape[0] * shape[1] * inputs : shape[0]
  return Float32Array.from(u, (value) => (value * 3) / Math.sqrt(fan))
}

/** Bytes of a picture, size × size × 3. */
export const pictureBytes = (size: number): Uint8Array =>
  Uint8Array.from(draw('image', size * size * 3), (value) => Math.floor((value + 0.5) * 256))
