/** An image with its objects, placed on the detector's input. */
import sharp from 'sharp'
import type { Pixels } from '../../../datasets/detection/decode.js'
import type { DetectionImage } from '../../../datasets/detection/detection-set.js'
import { CROWD } from '../../../models/ground-truth.js'
import { LETTERBOX_GREY } from '../../shared/detector-input.js'
import { type ColourChange, changeColours } from '../images/colour.js'
import { boxArea, cutBox, type Placement, placeBox } from './placement.js'

/** Objects in pixels of the input: boxes n × 4, and class or {@link CROWD} of each. */
export interface PlacedObjects {
  boxes: Float32Array
  labels: Int32Array
}

/** Pixels of the input that an object's box must have a side to be worth finding. */
export const SMALLEST = 1

/**
 * The objects of an image where its placement puts them, cut at the input's edges. Those outside vanish; those of
 * which less than `minVisible` of the area is left, or less than a pixel of a side, become crowds, which are neither
 * to be found nor to be missed. Of more than `most` the largest stay.
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
  const kept =
    placed.length <= most ? placed : placed.sort((a, b) => boxArea(b.box) - boxArea(a.box)).slice(0, most)
  return {
    boxes: Float32Array.from(kept.flatMap(({ box }) => box)),
    labels: Int32Array.from(kept, ({ label }) => label),
  }
}

/** The image's pixels where its placement puts them, grey beside it: the input's height × width × 3 bytes. */
export async function placePixels(image: Pixels, placement: Placement): Promise<Uint8Array> {
  const { mirrored, scaled, left, top, inputSize } = placement
  const [height, width] = inputSize
  const on = imageOnInput(placement)
  const raw = { width: image.width, height: image.height, channels: 3 as const }
  const visible = { left: on.left - left, top: on.top - top, width: on.width, height: on.height }
  const beside = {
    left: on.left,
    top: on.top,
    right: width - on.left - on.width,
    bottom: height - on.top - on.height,
  }
  return sharp(image.data, { raw })
    .resize(scaled.width, scaled.height, { fit: 'fill' })
    .flop(mirrored)
    .extract(visible)
    .extend({ ...beside, background: { r: LETTERBOX_GREY, g: LETTERBOX_GREY, b: LETTERBOX_GREY } })
    .raw()
    .toBuffer()
}

/** Changes the colours of the image, not of the grey beside it, in an input's height × width × 3 numbers from `from` on. */
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
