/** Places an image with its objects on the input of a detector. */
import type { Pixels } from '../../../datasets/detection/decode.js'
import type { DetectionImage } from '../../../datasets/detection/detection-set.js'
import { CROWD } from '../../../models/ground-truth.js'
import { LETTERBOX_GREY, type ResizeMode } from '../../shared/detector-input.js'
import { type ColourChange, changeColours } from '../images/colour.js'
import { scaleImage } from './fit-pixels.js'
import { boxArea, cutBox, type Placement, placeBox } from './placement.js'

/** Objects in pixels of the input: boxes n × 4 as [x1, y1, x2, y2], and the class or {@link CROWD} of each. */
export interface PlacedObjects {
  boxes: Float32Array
  labels: Int32Array
}

/** The shortest side, in pixels of the input, of a box that is trained on. */
export const SMALLEST = 1

/**
 * The objects of an image at their place on the input, clipped to it. Objects outside are dropped. Objects that keep
 * less than `minVisible` of their area, or less than a pixel of a side, become crowds, which the loss ignores. Of more
 * than `most` objects the largest are kept.
 */
export function placeObjects(
  { boxes, labels, crowd }: Pick<DetectionImage, 'boxes' | 'labels' | 'crowd'>,
  placement: Placement,
  { minVisible, most }: { minVisible: number; most: number },
): PlacedObjects {
  const placed = Array.from(labels, (label, index) => {
    const whole = placeBox(boxes.subarray(4 * index, 4 * index + 4), placement)
    const { box, visible } = cutBox(whole, placement.inputSize)
    const [x1, y1, x2, y2] = box
    const counts = crowd[index] === 0 && visible >= minVisible && Math.min(x2 - x1, y2 - y1) >= SMALLEST
    return { box, visible, label: counts ? label : CROWD }
  }).filter(({ visible }) => visible > 0)
  return largest(placed, most)
}

/** All objects of `parts`; of more than `most` the largest. */
export function largestObjects(parts: readonly PlacedObjects[], most: number): PlacedObjects {
  const all = parts.flatMap(({ boxes, labels }) =>
    Array.from(labels, (label, i) => ({ box: [...boxes.subarray(4 * i, 4 * i + 4)], label })),
  )
  return largest(all, most)
}

function largest(objects: { box: number[]; label: number }[], most: number): PlacedObjects {
  const kept =
    objects.length <= most ? objects : objects.sort((a, b) => boxArea(b.box) - boxArea(a.box)).slice(0, most)
  return {
    boxes: Float32Array.from(kept.flatMap(({ box }) => box)),
    labels: Int32Array.from(kept, ({ label }) => label),
  }
}

/** The pixels of the input: the image at its place, grey beside it. Height × width × 3 bytes. */
export async function placePixels(
  image: Pixels,
  placement: Placement,
  resize: ResizeMode,
): Promise<Uint8Array> {
  const { mirrored, scaled, left, top, inputSize } = placement
  const [height, width] = inputSize
  const on = imageOnInput(placement)
  const visible = { left: on.left - left, top: on.top - top, width: on.width, height: on.height }
  const beside = {
    left: on.left,
    top: on.top,
    right: width - on.left - on.width,
    bottom: height - on.top - on.height,
  }
  return scaleImage(image, scaled, resize)
    .flop(mirrored)
    .extract(visible)
    .extend({ ...beside, background: { r: LETTERBOX_GREY, g: LETTERBOX_GREY, b: LETTERBOX_GREY } })
    .raw()
    .toBuffer()
}

/**
 * Changes the colours of the image, but not of the grey beside it, in place. The input's height × width × 3 numbers
 * begin at index `from`.
 */
export function changeColoursOn(
  images: Float32Array,
  from: number,
  placement: Placement,
  change: ColourChange,
): void {
  const { left, top, width, height } = imageOnInput(placement)
  for (let row = top; row < top + height; row++)
    changeColours(images, change, from + (row * placement.inputSize[1] + left) * 3, width)
}

/** The rectangle of the input that shows the image. */
function imageOnInput({ scaled, left, top, inputSize }: Placement) {
  const [right, bottom] = [
    Math.min(inputSize[1], left + scaled.width),
    Math.min(inputSize[0], top + scaled.height),
  ]
  const [first, upper] = [Math.max(0, left), Math.max(0, top)]
  return { left: first, top: upper, width: right - first, height: bottom - upper }
}
