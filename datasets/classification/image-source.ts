/** Where an image file lies: a file of its own, or a part of another one, such as a member of a tar shard. */
export interface ImagePlace {
  /** For messages: the path of the file, or that of the shard and the member's name, `train-000.tar: n01440764_18.jpg`. */
  title: string
  path: string
  /** The first byte of the image in the file. */
  offset: number
  /** Bytes of the image; null: to the end of the file. */
  bytes: number | null
}

/**
 * Labelled images that are read only when they are needed, so that a data set may have any size. An image is known by its
 * index in [0, count), which is the same each time that the source is opened on the same files.
 */
export interface ImageSource {
  /** For people, for example `imagenet train`. */
  name: string
  classes: string[]
  count: number
  /** Class index of each image, in [0, classes.length). */
  labels: Int32Array
  /**
   * The index of each shard's first image, where images lie one behind another in large files that are best read from front
   * to back; null where images may be read in any order: each is a file of its own, or they are sorted by class, so that a
   * front of them would not be a mixture.
   */
  shards: Uint32Array | null
  place(index: number): ImagePlace
}
