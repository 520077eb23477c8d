/** A labelled set of equally sized images in memory, which all classification loaders give. */
export interface ImageSet {
  /** For people, for example `cifar10 train`. */
  name: string
  /** uint8, count × height × width × 3, RGB. */
  pixels: Uint8Array
  /** Class index of each image, in [0, classes.length). */
  labels: Int32Array
  count: number
  height: number
  width: number
  classes: string[]
}
