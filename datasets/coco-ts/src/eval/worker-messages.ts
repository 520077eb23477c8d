/** What the threads of an evaluation and their caller say to each other. */
import type { Annotation } from '../common/types.js'
import type { CategoryResult } from './category-result.js'
import type { Groups } from './groups.js'
import type { EvalParams } from './params.js'
import type { SharedMasks } from './shared-masks.js'

/** An annotation with its keypoints. */
export type KeypointAnnotation = Pick<Annotation, 'id' | 'keypoints' | 'bbox' | 'area'>

/** Some categories' objects or detections. Rows are counted anew, in the order of the groups. */
export interface SharedGroups {
  image: Int32Array
  start: Int32Array
  columns: Record<'id' | 'area' | 'score' | 'boxes', Float64Array> & { crowd: Uint8Array }
  /** Where masks are compared. */
  masks: SharedMasks | undefined
  /** Where keypoints are compared. */
  anns: KeypointAnnotation[] | undefined
}

/** The work of one thread. */
export interface WorkerTask {
  params: EvalParams
  objects: SharedGroups
  detections: SharedGroups
  ignored: Uint8Array
  exempt: Uint8Array | undefined
}

/** A result for each category of the task; or what went wrong, where the input is at fault. */
export type WorkerAnswer = { results: CategoryResult[] } | { fault: string }

/** The groups as the evaluation takes them. */
export function groupsOf({ image, start, columns, anns }: SharedGroups): Groups {
  const rows = Int32Array.from(image, (_, row) => row)
  const nothing = new Float64Array(0)
  const table = {
    rows: rows.length,
    imageId: nothing,
    categoryId: nothing,
    ...columns,
    anns: anns as readonly Annotation[] | undefined,
  }
  return { table, rows, image, start }
}
