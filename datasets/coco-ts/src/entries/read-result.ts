/** Reads a detector's result. Fields that its form does not need are ignored where they cannot be used. */
import type { Edits } from './edits.js'
import { type References, readReferences, readTextNumber } from './read-entry.js'
import { readBox, readKeypoints, readMask } from './read-fields.js'
import { formFault, type ResultForm } from './results-form.js'
import { type Fault, isCaption, keypointsFault, segmentationFault } from './validate.js'

/** A result whose form, as the first result's, is `form`; undefined: it has none. */
export function readResult(edits: Edits, known: References, form: ResultForm | undefined): Fault {
  const { entry } = edits
  const caption = isCaption(entry)
  const fault = readReferences(edits, known, !caption)
  if (fault || caption) return fault
  if (typeof entry.score === 'string') readTextNumber(edits, 'score')
  const lacking = formFault(entry, edits.get('score'), form)
  if (lacking) return lacking
  const image = known.imgs.get(edits.get('image_id') as number)
  const needed =
    form === 'bbox'
      ? readBox(edits, undefined)
      : form === 'keypoints'
        ? keypointsFault(entry.keypoints)
        : segmentationFault(entry, image)
  if (needed) return needed
  if (form !== 'segmentation') readMask(edits, image)
  if (form !== 'keypoints') readKeypoints(edits)
  // What is measured gives the box again.
  if (form === 'segmentation' && entry.bbox !== undefined && readBox(edits, undefined))
    edits.set('bbox', undefined, 'box-from-mask', 'its bbox cannot be used')
  return undefined
}
