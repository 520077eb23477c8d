/**
 * The shorter side, in pixels, of images that are kept for random crops of side `side`. Crops of a quarter of a square image
 * or more, four fifths of them, are scaled down from it; smaller ones are softer than those of the whole photograph. In
 * return a photograph is decoded once, and not in each epoch.
 */
export const reducedSide = (side: number): number => 2 * side

/** Bytes of the place of such an image in the cache: of twice as long as it is high. A longer one is decoded each time. */
export const reducedBytes = (side: number): number => reducedSide(side) ** 2 * 2 * 3
