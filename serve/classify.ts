/** `POST /classify`: one picture in, its most probable classes out. */
import type { Request, Response } from 'express'
import { decodeImage } from './image.js'
import type { Inference } from './inference.js'
import { ClientGone, Problem } from './problem.js'
import { readUpload } from './upload.js'

export interface ClassifyLimits {
  maxBytes: number
  maxPixels: number
}

export interface Prediction {
  /** Position in the model's labels, from 0. */
  classId: number
  label: string
  /** Probability, 0 to 1. */
  score: number
}

export interface Classification {
  model: string
  /** Size of the picture that was sent, in pixels, after its EXIF rotation. */
  width: number
  height: number
  /** The most probable first. */
  predictions: Prediction[]
  milliseconds: { read: number; decode: number; queue: number; inference: number; total: number }
}

const defaultTop = 5

/** The handler for `POST /classify?top=K&model=NAME` over the given models. */
export function classify(models: Map<string, Inference>, { maxBytes, maxPixels }: ClassifyLimits) {
  return async (request: Request, response: Response): Promise<void> => {
    const start = performance.now()
    const query = readQuery(request.query)
    const inference = chooseModel(models, query.model)
    const { name, labels, inputSize } = inference.card
    const top = readTop(query.top, labels.length)
    const signal = abortedBy(response)

    const bytes = await readUpload(request, response, maxBytes)
    const received = performance.now()
    const place = inference.enter()
    try {
      const image = await decodeImage(bytes, { size: inputSize, maxPixels })
      const decoded = performance.now()
      const { probabilities, milliseconds } = await place.infer(image.pixels, signal)
      const answer: Classification = {
        model: name,
        width: image.width,
        height: image.height,
        predictions: topPredictions(probabilities, labels, top),
        milliseconds: {
          read: rounded(received - start),
          decode: rounded(decoded - received),
          queue: rounded(milliseconds.queue),
          inference: rounded(milliseconds.inference),
          total: rounded(performance.now() - start),
        },
      }
      response.json(answer)
    } finally {
      place.leave()
    }
  }
}

/** The `top` classes by probability, the highest first; equal ones in the order of the labels. */
export function topPredictions(probabilities: Float32Array, labels: string[], top: number): Prediction[] {
  if (!probabilities.every(Number.isFinite))
    throw new Problem(500, 'The model answered a probability that is not a number.')
  return Array.from(probabilities, (score, classId) => ({ classId, label: labels[classId], score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, top)
    .map((prediction) => ({ ...prediction, score: Number(prediction.score.toPrecision(7)) }))
}

/** Misspelt parameters are refused: silently answering something else than was asked helps nobody. */
function readQuery(query: Request['query']): { top?: string; model?: string } {
  for (const [name, value] of Object.entries(query)) {
    if (name !== 'top' && name !== 'model')
      throw new Problem(400, `The query parameter "${name}" is unknown; there are "top" and "model".`)
    if (typeof value !== 'string')
      throw new Problem(400, `The query parameter "${name}" is given more than once.`)
  }
  return query as { top?: string; model?: string }
}

function chooseModel(models: Map<string, Inference>, name: string | undefined): Inference {
  const names = `served here: ${[...models.keys()].join(', ')}`
  if (name === undefined && models.size > 1)
    throw new Problem(400, `Several models are served; choose one with "?model=NAME" (${names}).`)
  const model = name === undefined ? models.values().next().value : models.get(name)
  if (model === undefined) throw new Problem(404, `There is no model "${name}" (${names}).`)
  return model
}

function readTop(text: string | undefined, classes: number): number {
  if (text === undefined) return Math.min(defaultTop, classes)
  const top = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (top < 1 || top > classes)
    throw new Problem(
      400,
      `The query parameter "top" is "${text}"; give a whole number from 1 to ${classes}.`,
    )
  return top
}

/** Fires when the connection closes before the response is through. */
function abortedBy(response: Response): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new ClientGone())
  })
  return controller.signal
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
