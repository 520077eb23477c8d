/** Inception's random crop (Szegedy et al. 2015), as `tf.image.sample_distorted_bounding_box` draws it for whole images. */

export interface Crop {
  left: number
  top: number
  width: number
  height: number
}

/**
 * A crop has at least this part of the image's area. TF-Slim asks for 0.05 of the area and for 0.1 of the object; where
 * no box of an object is known, the object is the whole image, so that the second bound decides.
 */
const SMALLEST_AREA = 0.1
/** Width / height. */
const ASPECT = { low: 0.75, high: 1.33 }
/** Afterwards the whole image is taken. */
const ATTEMPTS = 100

/**
 * Draws a crop of an image of `width` × `height` pixels: its aspect uniform in [0.75, 1.33], its height uniform among
 * those that keep the crop inside the image and above a tenth of its area, its place uniform. `uniform`: see `random`.
 */
export function drawCrop(width: number, height: number, uniform: () => number): Crop {
  const below = (count: number): number => Math.floor(uniform() * count)
  const smallest = SMALLEST_AREA * width * height
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const aspect = ASPECT.low + uniform() * (ASPECT.high - ASPECT.low)
    // TensorFlow draws the height for its own, smaller bound of the area and then rejects what covers too little.
    const low = Math.round(Math.sqrt((0.05 * width * height) / aspect))
    let high = Math.min(height, Math.round(Math.sqrt((width * height) / aspect)))
    while (Math.round(high * aspect) > width) high--
    const tall = low < high ? low + below(high - low + 1) : high
    const wide = Math.round(tall * aspect)
    const area = wide * tall
    if (tall < 1 || wide < 1 || area < smallest || area > width * height) continue
    return {
      left: wide < width ? below(width - wide) : 0,
      top: tall < height ? below(height - tall) : 0,
      width: wide,
      height: tall,
    }
  }
  return { left: 0, top: 0, width, height }
}
