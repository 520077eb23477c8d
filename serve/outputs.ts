/** What a model of each task answers for one image, and how its tensors are checked against its card. */
import type { Tensor } from 'onnxruntime-node'
import type { ModelCard } from '../src/shared/model-card.js'

export type Task = ModelCard['task']
export type CardOf<T extends Task> = Extract<ModelCard, { task: T }>

export interface Outputs {
  classification: {
    /** One for each class. */
    probabilities: Float32Array
  }
  /** Rows of score 0 mean nothing. */
  detection: {
    /** D × 4, [x1, y1, x2, y2] in pixels of the model's input. */
    boxes: Float32Array
    /** D, in [0, 1]. */
    scores: Float32Array
    /** D, positions in the labels. */
    classes: Int32Array
  }
}

type Tensors = Record<string, Tensor>

interface OutputReader<T extends Task> {
  names: readonly string[]
  /** Copies what the tensors hold: ONNX Runtime may use its own memory again. Throws what is wrong with them. */
  read(tensors: Tensors, classes: number): Outputs[T]
}

/** Softmax in 32 bits may end a little above 1. */
const ROUNDING = 1e-3

export const outputReaders: { [T in Task]: OutputReader<T> } = {
  classification: {
    names: ['probabilities'],
    read({ probabilities }, classes) {
      const values = floats('probabilities', probabilities, [1, classes], 'as its labels say')
      if (!values.every(Number.isFinite)) throw new Error('it answers a probability that is not a number')
      return { probabilities: values }
    },
  },
  detection: {
    names: ['boxes', 'scores', 'classes'],
    read(tensors, labels) {
      const rows = tensors.scores.dims.at(-1) ?? 0
      const why = "as a detector's must be"
      const scores = floats('scores', tensors.scores, [1, rows], why)
      const boxes = floats('boxes', tensors.boxes, [1, rows, 4], why)
      requireShape('classes', tensors.classes, 'int32', [1, rows], why)
      const classes = Int32Array.from(tensors.classes.data as Int32Array)
      scores.forEach((score, row) => {
        if (score === 0) return
        if (!(score > 0 && score <= 1 + ROUNDING))
          throw new Error(`it answers the score ${score}, which is not from 0 to 1`)
        if (!(classes[row] >= 0 && classes[row] < labels))
          throw new Error(`it answers the class ${classes[row]}, but its card has ${labels} labels (from 0)`)
        if (!boxes.subarray(4 * row, 4 * row + 4).every(Number.isFinite))
          throw new Error('it answers a box whose corners are not numbers')
      })
      return { boxes, scores: scores.map((score) => Math.min(1, score)), classes }
    },
  },
}

function floats(name: string, tensor: Tensor, shape: number[], why: string): Float32Array {
  requireShape(name, tensor, 'float32', shape, why)
  return Float32Array.from(tensor.data as Float32Array)
}

function requireShape(name: string, tensor: Tensor, type: string, shape: number[], why: string): void {
  const found = `${tensor.type} [${tensor.dims.join(', ')}]`
  const wanted = `${type} [${shape.join(', ')}]`
  if (found !== wanted) throw new Error(`its output "${name}" is ${found}, not ${wanted} ${why}`)
}
