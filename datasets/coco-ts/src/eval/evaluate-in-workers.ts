import { Worker } from 'node:worker_threads'
import { CocoError } from '../common/problems.js'
import type { Annotation, IouType } from '../common/types.js'
import type { COCO } from '../dataset/coco.js'
import type { CategoryResult } from './category-result.js'
import type { Compared } from './evaluate-category.js'
import type { Groups } from './groups.js'
import { sharedMasks } from './shared-masks.js'
import type { KeypointAnnotation, SharedGroups, WorkerAnswer, WorkerTask } from './worker-messages.js'

/**
 * Matches each category in one of so many threads. Returns what became of them, in order. All threads have ended when the
 * promise is settled.
 * @throws CocoError where the input is at fault, or a thread ends early
 */
export async function evaluateInWorkers(
  compared: Compared,
  workers: number,
  cocoGt: COCO,
  cocoDt: COCO,
): Promise<CategoryResult[]> {
  const results: CategoryResult[] = []
  const running: Worker[] = []
  try {
    await Promise.all(
      shares(compared, workers).map(async (share) => {
        const task = taskOf(compared, share, cocoGt, cocoDt)
        const worker = new Worker(new URL('./category-worker.js', import.meta.url), {
          workerData: task,
          transferList: buffersOf(task),
        })
        running.push(worker)
        const answer = await answerOf(worker)
        if ('fault' in answer) throw new CocoError(answer.fault)
        for (const [i, k] of share.entries()) results[k] = answer.results[i]
      }),
    )
  } finally {
    await Promise.all(running.map((worker) => worker.terminate()))
  }
  return results
}

/** Categories for each thread, in order: the largest first to whoever has least. None is empty. */
function shares({ objects, detections, params }: Compared, workers: number): number[][] {
  const work = params.catIds.map(
    (_, k) => detections.start[k + 1] - detections.start[k] + (objects.start[k + 1] - objects.start[k]),
  )
  const loads = Array.from({ length: Math.min(workers, work.length) }, () => ({
    sum: 0,
    share: [] as number[],
  }))
  for (const k of [...work.keys()].sort((a, b) => work[b] - work[a])) {
    const least = loads.reduce((best, load) => (load.sum < best.sum ? load : best))
    // Also a category without anything takes some work.
    least.sum += work[k] + 1
    least.share.push(k)
  }
  return loads.map(({ share }) => share.sort((a, b) => a - b))
}

function taskOf(compared: Compared, share: readonly number[], cocoGt: COCO, cocoDt: COCO): WorkerTask {
  const { params, objects, detections, ignored, exempt } = compared
  const objectRows = rowsOf(objects, share)
  const detectionRows = rowsOf(detections, share)
  return {
    params: { ...params, catIds: share.map((k) => params.catIds[k]) },
    objects: sharedGroups(objects, share, objectRows, params.iouType, cocoGt),
    detections: sharedGroups(detections, share, detectionRows, params.iouType, cocoDt),
    ignored: picked(ignored, objectRows),
    exempt: exempt && picked(exempt, detectionRows),
  }
}

/** The rows of some categories, one category after the other. */
function rowsOf({ rows, start }: Groups, share: readonly number[]): Int32Array {
  const out = new Int32Array(share.reduce((sum, k) => sum + start[k + 1] - start[k], 0))
  let at = 0
  for (const k of share) {
    out.set(rows.subarray(start[k], start[k + 1]), at)
    at += start[k + 1] - start[k]
  }
  return out
}

function sharedGroups(
  { table, image, start }: Groups,
  share: readonly number[],
  rows: Int32Array,
  iouType: IouType,
  coco: COCO,
): SharedGroups {
  const images = new Int32Array(rows.length)
  const starts = Int32Array.of(0, ...share)
  share.forEach((k, i) => {
    images.set(image.subarray(start[k], start[k + 1]), starts[i])
    starts[i + 1] = starts[i] + start[k + 1] - start[k]
  })
  const annotations = (): Annotation[] => Array.from(rows, (row) => table.anns![row])
  return {
    image: images,
    start: starts,
    columns: {
      id: picked(table.id, rows),
      area: picked(table.area, rows),
      score: picked(table.score, rows),
      boxes: table.boxes.length > 0 ? picked(table.boxes, rows, 4) : new Float64Array(0),
      crowd: table.crowd.length > 0 ? picked(table.crowd, rows) : new Uint8Array(0),
    },
    masks: iouType === 'segm' ? sharedMasks(annotations(), coco) : undefined,
    anns: iouType === 'keypoints' ? annotations().map(withKeypoints) : undefined,
  }
}

function withKeypoints({ id, keypoints, bbox, area }: Annotation): KeypointAnnotation {
  return { id, keypoints, bbox, area }
}

/** The values of these rows, of which each has `width`. */
function picked<T extends Float64Array | Uint8Array>(source: T, rows: Int32Array, width = 1): T {
  const out = new (source.constructor as new (length: number) => T)(width * rows.length)
  for (let i = 0; i < rows.length; i++)
    for (let n = 0; n < width; n++) out[width * i + n] = source[width * rows[i] + n]
  return out
}

function buffersOf({ objects, detections }: WorkerTask): ArrayBuffer[] {
  return [objects, detections].flatMap(({ image, start, columns, masks }) => {
    const arrays = [image, start, ...Object.values(columns)]
    if (masks) arrays.push(masks.sizes, masks.text, masks.ends)
    return arrays.map(({ buffer }) => buffer as ArrayBuffer)
  })
}

function answerOf(worker: Worker): Promise<WorkerAnswer> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', (cause: Error) => {
      reject(new CocoError(`A thread of the evaluation failed: ${cause.message}`, undefined, { cause }))
    })
    worker.once('exit', (code) => {
      reject(new CocoError(`A thread of the evaluation ended early (exit code ${code}).`))
    })
  })
}
