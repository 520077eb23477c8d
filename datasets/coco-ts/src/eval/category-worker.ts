/** A thread of an evaluation: matches some of the categories, and ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { CocoError } from '../common/problems.js'
import type { CategoryResult } from './category-result.js'
import { CategoryEvaluator } from './evaluate-category.js'
import { runsOfShared } from './shared-masks.js'
import { rowSimilarity } from './similarity.js'
import { groupsOf, type WorkerAnswer, type WorkerTask } from './worker-messages.js'

function results({ params, ignored, exempt, ...task }: WorkerTask): CategoryResult[] {
  const [objects, detections] = [groupsOf(task.objects), groupsOf(task.detections)]
  const [objectMask, detectionMask] = [task.objects, task.detections].map(({ masks }) =>
    masks ? runsOfShared(masks) : noMask,
  )
  const similarity = rowSimilarity(params, detections.table, objects.table, detectionMask, objectMask)
  const evaluator = new CategoryEvaluator({ params, objects, detections, ignored, exempt }, similarity)
  return Array.from({ length: params.catIds.length }, (_, k) => evaluator.evaluate(k))
}

function noMask(): never {
  throw new Error('there are no masks in this evaluation')
}

function answer(task: WorkerTask): WorkerAnswer {
  try {
    return { results: results(task) }
  } catch (error) {
    // Errors lose their class on the way to the caller; any other is thrown there as it comes.
    if (error instanceof CocoError) return { fault: error.message }
    throw error
  }
}

const found = answer(workerData as WorkerTask)
const buffers =
  'results' in found
    ? found.results.flatMap((result) =>
        Object.values(result).flatMap((value) => (ArrayBuffer.isView(value) ? [value.buffer] : [])),
      )
    : []
parentPort!.postMessage(found, buffers as ArrayBuffer[])
