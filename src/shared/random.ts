/**
 * Reproducible random numbers, addressed by keys: the same seed and keys give the same stream on any
 * machine, whatever was drawn before. So weights depend on (seed, path) alone, and the noise of a training
 * step on (seed, step, path), which is what lets a resumed run repeat an unbroken one.
 *
 * New code calls `random`. `sfc32` stays because the data sets drawn with it, and the splits, must not change.
 */
export interface RandomStream {
  /** A whole number in [0, 2³²). */
  bits(): number
  /** In [0, 1), a multiple of 2⁻²⁴, so that it stays below 1 as a 32-bit float. */
  uniform(): number
  /** Normal, mean 0, deviation 1 (Box–Muller). */
  normal(): number
}

/**
 * The stream at (seed, …keys). Keys of different types or lengths give unrelated streams.
 *
 * Published parts: the keys are hashed by FNV-1a (64 bits), the hash is spread by SplitMix64 (Steele et al.
 * 2014) into the state of xoshiro128** 1.1 (Blackman and Vigna 2018), which draws.
 */
export function random(seed: number, ...keys: (string | number)[]): RandomStream {
  const bits = xoshiro128(splitMix64(fnv1a64(JSON.stringify([seed, ...keys]))))
  const uniform = () => (bits() >>> 8) / 2 ** 24
  let spare: number | undefined
  const normal = () => {
    if (spare !== undefined) {
      const second = spare
      spare = undefined
      return second
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
  return { bits, uniform, normal }
}

/** FNV-1a over the UTF-8 bytes of a text. */
export function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}

/** SplitMix64: each call gives the next 64 bits. */
export function splitMix64(seed: bigint): () => bigint {
  let state = seed
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n)
    let z = state
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn)
    return z ^ (z >> 31n)
  }
}

/** xoshiro128**, its 128 bits of state taken from two numbers of 64 bits (low halves first). */
export function xoshiro128(source: () => bigint): () => number {
  let [a, b, c, d] = [source(), source()].flatMap((bits) => [Number(bits & 0xffffffffn), Number(bits >> 32n)])
  return () => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }
}

/**
 * Uniform numbers in [0, 1) at (seed, …keys); the seed is a whole number. The generator is sfc32 (Chris Doty-Humphrey,
 * PractRand); its state is filled from an FNV-1a hash (32 bits) of seed and keys, joined by `/`.
 */
export function sfc32(seed: number, ...keys: (string | number)[]): () => number {
  let hash = 0x811c9dc5
  for (const character of [seed, ...keys].join('/')) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  }
  let a = hash | 0
  let b = Math.imul(hash, 0x9e3779b1) | 0
  let c = seed | 0
  let counter = 1
  const next = (): number => {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + result) | 0
    return (result >>> 0) / 4294967296
  }
  // The first draws still show the seed.
  for (let i = 0; i < 12; i++) next()
  return next
}

/** Shuffles in place (Fisher–Yates) and returns the same array. */
export function shuffle<T extends { [index: number]: unknown; length: number }>(
  items: T,
  random: () => number,
): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const held = items[i]
    items[i] = items[j]
    items[j] = held
  }
  return items
}
