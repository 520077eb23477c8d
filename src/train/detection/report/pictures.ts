/** Single images of an evaluation, with what is there and what was found drawn on them. */
import sharp from 'sharp'
import { decodeImage } from '../../../../datasets/detection/decode.js'
import type { DetectionSet } from '../../../../datasets/detection/detection-set.js'
import { boxesSvg, type DrawnBox } from '../../../shared/draw-boxes.js'
import type { ImageMatches } from './matches.js'

/** Distinguishable for the colour-blind (Okabe and Ito, "Color Universal Design", 2008). */
export const OUTCOME_COLOURS = {
  truePositive: '#56b4e9',
  falsePositive: '#d55e00',
  ignored: '#999999',
  found: '#ffffff',
  falseNegative: '#f0e442',
} as const

export interface Picture {
  /** Pixels. */
  width: number
  height: number
  /** A JPEG of the image alone. */
  jpeg: Buffer
  /** An SVG of the same size, to lie over it. */
  overlay: string
}

/** Longer side of a picture, in pixels. */
const LONGER_SIDE = 480

/** Draws an image with its objects dashed, and the detections from `score` up solid. */
export async function drawPicture(set: DetectionSet, image: ImageMatches, score: number): Promise<Picture> {
  const { data, width, height } = await decodeImage(set, image.index)
  const { data: jpeg, info } = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: LONGER_SIDE, height: LONGER_SIDE, fit: 'inside' })
    .jpeg({ quality: 78 })
    .toBuffer({ resolveWithObject: true })
  const scale = { x: info.width / width, y: info.height / height }
  const boxes = drawnBoxes(set, image, score).map((box) => {
    const [x, y, w, h] = box.bbox
    return { ...box, bbox: [x * scale.x, y * scale.y, w * scale.x, h * scale.y] as const }
  })
  return { width: info.width, height: info.height, jpeg, overlay: boxesSvg(info, boxes) }
}

/** Errors lie on top: missed objects, then detections, then the objects that were detected. */
function drawnBoxes(
  { categories }: DetectionSet,
  { detections, objects }: ImageMatches,
  score: number,
): DrawnBox[] {
  const nameOf = new Map(categories.map(({ id, name }) => [id, name]))
  const annotated = objects.map(({ object, ignored, score: foundAt }): DrawnBox & { missed: boolean } => {
    const missed = !ignored && foundAt < score
    const colour = OUTCOME_COLOURS[ignored ? 'ignored' : missed ? 'falseNegative' : 'found']
    // The name of a detected object stands on its detection.
    const label = ignored || missed ? nameOf.get(object.category_id)! : ''
    return { bbox: object.bbox, label, colour, dashed: true, missed }
  })
  const found = detections
    .filter(({ found }) => found.score >= score)
    .map(({ found, outcome }): DrawnBox => {
      const label = nameOf.get(found.category_id)!
      return { bbox: found.bbox, label, score: found.score, colour: OUTCOME_COLOURS[outcome] }
    })
  return [...annotated.filter(({ missed }) => missed), ...found, ...annotated.filter(({ missed }) => !missed)]
}
