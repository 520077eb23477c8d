/** What will hurt a detector that is trained on annotations, before it is trained. */
import type { COCO } from '#coco-ts'
import { listed } from '../files/left-out.js'
import { shortName } from './annotation-notes.js'

/** With fewer objects a category is hardly learnt, and its AP is a matter of luck. */
const FEW_OBJECTS = 20
/** Pixels of an object's shorter side at the detector's input below which it is hardly found. */
const TINY = 8
/** Share of tiny objects that is worth a note. */
const MANY_TINY = 0.1
/** Pixels of an image's shorter side at the detector's input below which little can be seen on it. */
const NARROW = 32
/** Fewer images are of one size by chance. */
const SEVERAL = 10

/**
 * Notes, in a sentence each.
 *
 * @param inputSize the longer side of an image as the detector is given it, in pixels
 */
export function trainingNotes(coco: COCO, inputSize: number): string[] {
  return [
    ...fewObjects(coco),
    ...tinyObjects(coco, inputSize),
    ...narrowImages(coco, inputSize),
    ...oneSize(coco),
  ]
}

const learnable = (coco: COCO) =>
  coco.dataset.annotations.filter((ann) => ann.bbox !== undefined && !ann.iscrowd)

function fewObjects(coco: COCO): string[] {
  const counts = new Map<number, number>()
  for (const { category_id } of learnable(coco)) counts.set(category_id, (counts.get(category_id) ?? 0) + 1)
  const few = coco.dataset.categories
    .flatMap(({ id, name }) => {
      const count = counts.get(id) ?? 0
      return count > 0 && count < FEW_OBJECTS ? [{ name, count }] : []
    })
    .sort((a, b) => a.count - b.count)
  if (few.length === 0) return []
  const names = listed(few.map(({ name, count }) => `${shortName(name)} ${count}`))
  return [
    `${few.length === 1 ? '1 category has' : `${few.length} categories have`} fewer than ${FEW_OBJECTS} objects (${names}): ` +
      'a detector hardly learns them, and their AP says little; annotate more, or choose the others with --categories',
  ]
}

function tinyObjects(coco: COCO, inputSize: number): string[] {
  const objects = learnable(coco)
  const tiny = objects.filter(({ bbox, image_id }) => {
    const { width, height } = coco.imgs.get(image_id)!
    const scale = inputSize / Math.max(width, height)
    return Math.min(bbox[2], bbox[3]) * scale < TINY
  })
  const share = tiny.length / objects.length
  if (!(share >= MANY_TINY)) return []
  return [
    `${tiny.length} of ${objects.length} objects (${(100 * share).toFixed(0)} %) are narrower than ${TINY} pixels when their image is brought to ` +
      `${inputSize} pixels, where detectors miss most of them; train with a larger --input-size, or cut the images into tiles`,
  ]
}

function narrowImages(coco: COCO, inputSize: number): string[] {
  const narrow = coco.dataset.images.filter(
    ({ width, height }) => (Math.min(width, height) * inputSize) / Math.max(width, height) < NARROW,
  )
  if (narrow.length === 0) return []
  const names = listed(
    narrow.map(({ file_name, id, width, height }) => `${file_name ?? id} ${width} × ${height}`),
  )
  return [
    `${narrow.length === 1 ? '1 image is' : `${narrow.length} images are`} so long that the shorter side has fewer than ${NARROW} pixels at ` +
      `${inputSize} (${names}): detectors see next to nothing there; cut such images into pieces`,
  ]
}

function oneSize(coco: COCO): string[] {
  const { images } = coco.dataset
  const sizes = new Set(images.map(({ width, height }) => `${width} × ${height}`))
  if (images.length < SEVERAL || sizes.size > 1) return []
  return [
    `all images are ${[...sizes][0]} pixels; if the detector is to be used on others, keep --scale, so that it sees objects of other sizes`,
  ]
}
