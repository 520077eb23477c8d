/**
 * Which channels a tensor of the blocked layout holds. Its memory is a row of blocks of `b` channels, and a block need not
 * be full: 44 channels in blocks of 16 are blocks of 16, 16 and 12, and the last four places of the third hold zeros. A
 * concatenation keeps the blocks of its parts, so that nothing moves: 44 + 44 channels are 16, 16, 12, 16, 16, 12.
 *
 * Every tensor in the blocked layout holds zeros in its free places. Whoever computes one has to leave them so.
 */

/** The number of channels in each block. */
export type Blocks = readonly number[]

/** `channels` in as few blocks as possible. */
export const blocksOf = (channels: number, b: number): Blocks =>
  Array.from({ length: Math.ceil(channels / b) }, (_, i) => Math.min(b, channels - i * b))

export const channelsIn = (blocks: Blocks): number => blocks.reduce((sum, filled) => sum + filled, 0)

export const sameBlocks = (a: Blocks, b: Blocks): boolean =>
  a.length === b.length && a.every((filled, i) => filled === b[i])

/** Whether all blocks are full. */
export const areFull = (blocks: Blocks, b: number): boolean => blocks.every((filled) => filled === b)

/** Whether all blocks are full except the last, so that the channels come first and the free places after them. */
export const onlyLastIsPartial = (blocks: Blocks, b: number): boolean => areFull(blocks.slice(0, -1), b)

/** The place of each channel. */
export const placesOf = (blocks: Blocks, b: number): number[] =>
  blocks.flatMap((filled, block) => Array.from({ length: filled }, (_, i) => block * b + i))

/** The channel in each place, or `free`. */
export function channelsAt(blocks: Blocks, b: number, free: number): number[] {
  const channels = new Array<number>(blocks.length * b).fill(free)
  placesOf(blocks, b).forEach((place, channel) => {
    channels[place] = channel
  })
  return channels
}

/** The blocks that hold `size` channels from `begin` on, as first and last + 1; undefined if that would cut a block. */
export function blockRange(blocks: Blocks, begin: number, size: number): [number, number] | undefined {
  let channel = 0
  let first: number | undefined
  for (let block = 0; block <= blocks.length; block++) {
    if (channel === begin) first ??= block
    if (first !== undefined && channel === begin + size) return [first, block]
    channel += blocks[block] ?? 0
  }
  return undefined
}
