/** What the server answers, as schemas: the description of the interface is made of them. */
import * as z from 'zod/mini'
import type { Timings } from './answer-image.js'
import type { Classification } from './classify.js'
import type { DetectionAnswer } from './detect.js'

const score = () => z.number().check(z.gte(0), z.lte(1), z.describe('Probability.'))
const size = () => z.int().check(z.gte(1), z.describe('Of the image after its EXIF rotation, in pixels.'))
const milliseconds = () => z.number().check(z.gte(0))

const timings: z.ZodMiniType<Timings> = z
  .strictObject({
    read: milliseconds(),
    decode: milliseconds(),
    queue: milliseconds(),
    inference: milliseconds(),
    total: milliseconds(),
  })
  .check(z.describe('Milliseconds of each part; of several images, the longest.'))

const classificationShape = {
  width: size(),
  height: size(),
  predictions: z
    .array(z.strictObject({ classId: z.int().check(z.gte(0)), label: z.string(), score: score() }))
    .check(z.describe('The most probable first.')),
}

const detectionShape = {
  width: size(),
  height: size(),
  detections: z
    .array(
      z.strictObject({
        categoryId: z.int().check(z.describe('Id of the category in the data set.')),
        label: z.string(),
        score: score(),
        bbox: z
          .tuple([z.number(), z.number(), z.number(), z.number()])
          .check(z.describe('[x, y, width, height] in pixels.')),
      }),
    )
    .check(z.describe('The highest score first.')),
}

const model = () => z.string().check(z.describe('The name of the model.'))

export const classificationAnswer: z.ZodMiniType<Classification> = z.strictObject({
  model: model(),
  ...classificationShape,
  milliseconds: timings,
})

export const detectionAnswer: z.ZodMiniType<DetectionAnswer> = z.strictObject({
  model: model(),
  ...detectionShape,
  milliseconds: timings,
})

/** The answers to several images. */
const listOf = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.strictObject({
    model: model(),
    results: z.array(z.strictObject(shape)).check(z.describe('One for each image, in their order.')),
    milliseconds: timings,
  })

export const classificationList = listOf(classificationShape)
export const detectionList = listOf(detectionShape)

export const health = z.strictObject({
  status: z.enum(['ok', 'unavailable']),
  models: z.array(z.strictObject({ name: z.string(), ready: z.boolean() })),
})

export const alive = z.strictObject({ status: z.literal('ok') })

/** The cards of models have more of their own. */
export const modelList = z.strictObject({
  models: z.array(
    z.looseObject({
      name: z.string(),
      task: z.enum(['classification', 'detection']),
      path: z.string(),
      version: z.string(),
      labels: z.array(z.string()),
      inputSize: z.tuple([z.int(), z.int()]).check(z.describe('[height, width] in pixels.')),
      about: z.record(z.string(), z.unknown()),
    }),
  ),
})

export const welcomeAnswer = z.strictObject({
  paths: z.record(z.string(), z.string()),
  models: z.array(z.string()),
  examples: z.strictObject({
    selfContained: z.string(),
    file: z.string(),
    draw: z.optional(z.string()),
  }),
})

export const problemAnswer = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string().check(z.describe('What is wrong, and what to do.')),
})
