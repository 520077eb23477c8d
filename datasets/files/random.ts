/**
 * Seeded pseudo-random numbers in [0, 1). The seed is an integer; `keys` open independent streams of the
 * same seed (for example one for each image), so that what one stream draws never shifts another.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand); its state is filled from an FNV-1a hash of seed and keys.
 */
export function randomStream(seed: number, ...keys: (string | number)[]): () => number {
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
