/** What a model of each task returns for one image, and how its tensors are checked against its card. */
import type { Tensor, Tensors } from '../src/runtime/session.js'
import type { ModelCard } from '../src/shared/model-card.js'

export type Task = ModelCard['task']
export type CardOf<T extends Task> = Extract<ModelCard, { task: T }>

export interface Outputs {
  classification: {
    /** One for each class. */
    probabilities: Float32Array
  }
  /** Rows of score 0 are padding. */
  detection: {
    /** D × 4, [x1, y1, x2, y2] in pixels of the model's input. */
    boxes: Float32Array
    /** D, in [0, 1]. */
    scores: Float32Array
    /** D, indices into the labels. */
    classes: Int32Array
  }
}

interface OutputReader<T extends Task> {
  names: readonly string[]
  /**
   * @param classes How many labels the card has.
   * @throws Error saying which tensor or value is not what the card implies
   */
  read(tensors: Tensors, classes: number): Outputs[T]
}

/** Softmax in 32 bits may end a little above 1. */
const ROUNDING = 1e-3

export const outputReaders: { [T in Task]: OutputReader<T> } = {
  classification: {
    names: ['probabilities'],
    read(tensors, classes) {
      const probabilities = floats('probabilities', tensors.probabilities, [1, classes], 'as its labels say')
      if (!probabilities.every(Number.isFinite))
        throw new Error('it returned a probability that is not a finite number')
      return { probabilities }
    },
  },
  detection: {
    names: ['boxes', 'scores', 'classes'],
    read(tensors, labels) {
      const rows = tensors.scores.shape.at(-1) ?? 0
      const why = "as a detector's must be"
      const scores = floats('scores', tensors.scores, [1, rows], why)
      const boxes = floats('boxes', tensors.boxes, [1, rows, 4], why)
      requireShape('classes', tensors.classes, 'int32', [1, rows], why)
      const classes = tensors.classes.data as Int32Array
      scores.forEach((score, row) => {
        if (score === 0) return
        if (!(score > 0 && score <= 1 + ROUNDING))
          throw new Error(`it returned the score ${score}, which is not from 0 to 1`)
        if (!(classes[row] >= 0 && classes[row] < labels))
          throw new Error(`it returned the class ${classes[row]}, but its card has ${labels} labels (from 0)`)
        if (!boxes.subarray(4 * row, 4 * row + 4).every(Number.isFinite))
          throw new Error('it returned a box whose corners are not finite numbers')
      })
      return { boxes, scores: scores.map((score) => Math.min(1, score)), classes }
    },
  },
}

/**
 * The outputs of a batch, for each image those that it would have alone. The numbers are views of the batch's.
 *
 * @throws Error naming the tensor that has no row for each image
 */
export function splitBatch(tensors: Tensors, names: readonly string[], images: number): Tensors[] {
  if (images === 1) return [tensors]
  const split = Array.from({ length: images }, (): Tensors => ({}))
  for (const name of names) {
    const { type, shape, data } = tensors[name]
    if (shape[0] !== images)
      throw new Error(`its output "${name}" is ${type} [${shape.join(', ')}] for a batch of ${images} images`)
    const size = data.length / images
    for (const [index, outputs] of split.entries())
      outputs[name] = {
        type,
        shape: [1, ...shape.slice(1)],
        data: data.subarray(index * size, (index + 1) * size),
      }
  }
  return split
}

function floats(name: string, tensor: Tensor, shape: number[], why: string): Float32Array {
  requireShape(name, tensor, 'float32', shape, why)
  return tensor.data as Float32Array
}

function requireShape(name: string, tensor: Tensor, type: string, shape: number[], why: string): void {
  const found = `${tensor.type} [${tensor.shape.join(', ')}]`
  const wanted = `${type} [${shape.join(', ')}]`
  if (found !== wanted) throw new Error(`its output "${name}" is ${found}, not ${wanted} ${why}`)
}
