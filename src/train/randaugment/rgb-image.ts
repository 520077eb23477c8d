/** An image in bytes. */
export interface RgbImage {
  /** height × width × 3, RGB. */
  data: Uint8Array
  width: number
  height: number
}
