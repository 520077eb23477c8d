/**
 * Decoded images in memory that all threads share, so that the images of a small folder are decoded once and not in each
 * epoch. As many images as fit are kept, the first ones of the source: each epoch reads every image once, so that one
 * used recently is not needed sooner than another.
 */
export interface PixelCache {
  /** Images that have a place: those of index 0 … count − 1. */
  count: number
  /** Bytes of the place of an image. */
  bytes: number
  /** count × bytes; the system provides the memory when it is written. */
  pixels: SharedArrayBuffer
  /** One number for each image: 0 until its pixels are there; then its width times 2¹⁶ plus its height. */
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

/** An image in the cache. */
export interface CachedImage {
  /** height × width × 3 bytes. */
  data: Uint8Array
  width: number
  height: number
}

/** The cache as a thread uses it. */
export interface OpenPixelCache {
  /** An image; null: it is not there. */
  get(image: number): CachedImage | null
  /** Keeps it, where it has a place that is large enough. Threads that do so at the same time write the same bytes. */
  put(image: number, decoded: CachedImage): void
}

export function openPixelCache(cache: PixelCache | null): OpenPixelCache {
  if (cache === null) return { get: () => null, put() {} }
  const { count, bytes } = cache
  const pixels = new Uint8Array(cache.pixels)
  const present = new Uint32Array(cache.present)
  return {
    get(image) {
      const size = image < count ? Atomics.load(present, image) : 0
      if (size === 0) return null
      const [width, height] = [size >>> 16, size & 0xffff]
      const at = image * bytes
      return { data: pixels.subarray(at, at + width * height * 3), width, height }
    },
    put(image, { data, width, height }) {
      if (image >= count || data.length > bytes || Math.max(width, height) > 0xffff) return
      pixels.set(data, image * bytes)
      Atomics.store(present, image, width * 0x10000 + height)
    },
  }
}
