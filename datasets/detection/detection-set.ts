/** Images with boxes: what a detector is trained on and measured with. */
import type { COCO } from '#coco-ts'
import { changeOfFiles, type FileFingerprint, type FilesFingerprint } from '../files/fingerprint.js'

export interface DetectionImage {
  /** The image's id in the annotations. */
  id: number
  /** Where it is read from, for messages. */
  fileName: string
  /** In pixels, as the annotations say and as people see the image. */
  width: number
  height: number
  /** n × 4, [x1, y1, x2, y2] in pixels, inside the image, each with an area. */
  boxes: Float32Array
  /** Class of each box: an index into the set's categories. */
  labels: Int32Array
  /** 1 where a box stands for a crowd, which is neither to be found nor to be missed. */
  crowd: Uint8Array
}

export interface DetectionSet {
  /** As people know it. */
  name: string
  /** The classes in their order; `id` is the data set's own. */
  categories: { id: number; name: string }[]
  images: DetectionImage[]
  /** The same annotations in full, to evaluate with. */
  coco: COCO
  /** What sharp opens for image `index`: a path, or the bytes of a file. */
  source(index: number): string | Buffer
  /** Why annotations of the file are not in the set, in words. */
  leftOut?: readonly string[]
  /** Of the files that it was read from; none of scenes that are composed. */
  fingerprint?: AnnotatedFingerprint
}

/** Annotations by their contents, and all images that are there, by their names in them and their sizes. */
export interface AnnotatedFingerprint {
  annotations: FileFingerprint
  images: FilesFingerprint
}

/** How annotated images differ from what they were, as half a sentence; null when they are the same. */
export function changeOfAnnotated(before: AnnotatedFingerprint, now: AnnotatedFingerprint): string | null {
  const annotations =
    before.annotations.sha256 === now.annotations.sha256 ? [] : ['the annotations have changed']
  const changes = [...annotations, changeOfFiles(before.images, now.images) ?? []].flat()
  return changes.length === 0 ? null : changes.join(', and ')
}
