/**
 * Decoded images in memory that all threads share, so that the images of a small folder are decoded once and not in each
 * epoch. As many images as fit are kept, the first ones of the source: each epoch reads every image once, so that one
 * used recently is not needed sooner than another.
 */
export interface PixelCache {
  /** Images that have a place: those of index 0 … count − 1. */
  count: number
  /** Bytes of an image. */
  bytes: number
  /** count × bytes; the system provides the memory when it is written. */
  pixels: SharedArrayBuffer
  /** One number for each image: 1 when its pixels are there. */
  present: SharedArrayBuffer
}

/** An empty cache of at most `limit` bytes; null where no image fits. */
export function makePixelCache(images: number, bytes: number, limit: number): PixelCache | null {
  const count = Math.min(images, Math.floor(limit / bytes))
  if (count < 1) return null
  return {
    count,
    bytes,
    pixels: new SharedArrayBuffer(count * bytes),
    present: new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT),
  }
}

/** The cache as a thread uses it. */
export interface OpenPixelCache {
  /** The pixels of an image; null: they are not there. */
  get(image: number): Uint8Array | null
  /** Keeps them, where the image has a place. Threads that do so at the same time write the same bytes. */
  put(image: number, pixels: Uint8Array): void
}

export function openPixelCache(cache: PixelCache | null): OpenPixelCache {
  if (cache === null) return { get: () => null, put() {} }
  const { count, bytes } = cache
  const pixels = new Uint8Array(cache.pixels)
  const present = new Int32Array(cache.present)
  return {
    get: (image) =>
      image < count && Atomics.load(present, image) === 1
        ? pixels.subarray(image * bytes, (image + 1) * bytes)
        : null,
    put(image, decoded) {
      if (image >= count) return
      pixels.set(decoded, image * bytes)
      Atomics.store(present, image, 1)
    },
  }
}
