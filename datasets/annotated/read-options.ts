export interface ReadOptions {
  /** Folder of the images, where they do not lie beside the annotations. */
  images?: string
  /** Whether images must be there. Default true. Formats without sizes need them always. */
  needImages?: boolean
  onProgress?: (done: number, count: number) => void
}
