/** All operations of a server's interface, for its description: made of the schemas that check what is sent. */
import * as z from 'zod/mini'
import type { ImageService, ImageTask } from './answer-image.js'
import {
  alive,
  classificationAnswer,
  classificationList,
  detectionAnswer,
  detectionList,
  health,
  modelList,
  problemAnswer,
  welcomeAnswer,
} from './answer-schemas.js'
import { taskRoutes } from './choose-model.js'
import { classify } from './classify.js'
import { detect } from './detect.js'
import { imageFormats } from './image-format.js'
import type { Answer, Content, JsonSchema, Operation, Parameter } from './openapi/document.js'
import type { CardOf, Task } from './outputs.js'
import { inferenceOperations } from './protocol/operations.js'
import { imageFields } from './read-json.js'

/** Statuses of refusals, and what they mean. */
const refusals: Record<number, string> = {
  400: 'A parameter or the body is not what it must be.',
  401: 'The request has no valid API key.',
  404: 'There is no such model.',
  405: 'The path has no such method; `Allow` has those that it has.',
  408: 'The body took too long to arrive.',
  413: 'The image has too many bytes or pixels, or takes too long to decode.',
  415: 'The body is no image in a format that is accepted.',
  422: 'The image is damaged.',
  429: 'Too many requests came within a minute; `Retry-After` says in how many seconds to try again.',
  431: 'The head of the request is too large.',
  500: 'The server failed.',
  503: 'The server has too much to do, or is closing; `Retry-After` says when to try again.',
}

function refused(...statuses: number[]): Record<string, Answer> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: refusals[status], content: { 'application/problem+json': problemAnswer } },
    ]),
  )
}

const json = (schema: z.ZodMiniType): Content => ({ 'application/json': schema })

const always = [401, 405, 429, 431, 503]

/** The operations of these models. */
export function operationsOf({ models, maxImages }: ImageService): Operation[] {
  const cards = [...models.values()].map(({ card }) => card)
  const ofTask = <T extends Task>(task: T) => cards.filter((card): card is CardOf<T> => card.task === task)
  const [classifiers, detectors] = [ofTask('classification'), ofTask('detection')]
  return [
    ...(classifiers.length > 0
      ? [
          imageOperation(
            classify,
            classifiers,
            maxImages,
            'Name the most probable classes of images',
            json(z.union([classificationAnswer, classificationList])),
          ),
        ]
      : []),
    ...(detectors.length > 0
      ? [
          imageOperation(detect, detectors, maxImages, 'Find objects in images', {
            ...json(z.union([detectionAnswer, detectionList])),
            'image/png': { type: 'string', format: 'binary' },
          }),
        ]
      : []),
    ...generalOperations(),
    ...inferenceOperations(
      cards.map(({ name }) => name),
      refusals,
    ),
  ]
}

function imageOperation<T extends Task, Options>(
  { task, options }: ImageTask<T, Options>,
  cards: readonly CardOf<T>[],
  maxImages: number,
  summary: string,
  answers: Content,
): Operation {
  const names = cards.map(({ name }) => name)
  // Each model has limits of its own: here are those of the first.
  const { shape } = options(cards[0])
  const parameters = Object.entries(shape).map(
    ([name, schema]): Parameter => ({ name, in: 'query', schema, description: meanings[name] ?? '' }),
  )
  return {
    path: taskRoutes[task].path,
    method: 'post',
    tag: 'Images',
    summary,
    description:
      'The body is one image, or up to ' +
      `${maxImages} as the files or texts "images", which are answered with a list. Parameters may also be fields of a ` +
      'form or JSON body, if they are not in the query.',
    parameters: [
      ...parameters,
      {
        name: 'model',
        in: 'query',
        schema: z.optional(z.enum(names)),
        description: 'The name of the model; needed where there are several.',
      },
    ],
    body: imageBodies(maxImages),
    parts: { image: imagePart, images: imagePart },
    answers: {
      200: { description: 'The answer to one image, or the list of answers to several.', content: answers },
      ...refused(400, 404, 408, 413, 415, 422, 500, ...always),
    },
  }
}

const meanings: Record<string, string> = {
  top: 'How many classes to name.',
  minScore: 'Objects with a lower score are left out.',
  max: 'How many objects to answer at most.',
  draw: 'Answer the image with its boxes drawn, as PNG. For one image.',
}

/** Parts without a file name are files by this type. */
const imagePart = { contentType: 'application/octet-stream' }

const binary: JsonSchema = { type: 'string', format: 'binary' }

function imageBodies(maxImages: number): Content {
  const { image, images } = imageFields(maxImages)
  const files = { type: 'array', items: binary, minItems: 1, maxItems: maxImages }
  const object = (name: string, schema: JsonSchema) => ({
    type: 'object',
    properties: { [name]: schema },
    required: [name],
    additionalProperties: false,
  })
  const types = imageFormats.map((format) => `image/${format.toLowerCase()}`)
  return {
    ...Object.fromEntries([...types, 'application/octet-stream'].map((type) => [type, binary])),
    'multipart/form-data': { anyOf: [object('image', binary), object('images', files)] },
    'application/json': z.union([z.strictObject({ image }), z.strictObject({ images })]),
  }
}

function generalOperations(): Operation[] {
  const get = (
    path: string,
    tag: string,
    summary: string,
    content: Content,
    more: Partial<Operation> = {},
  ): Operation => ({
    path,
    method: 'get',
    tag,
    summary,
    answers: { 200: { description: 'The answer.', content }, ...refused(...always), ...more.answers },
    ...(more.open && { open: true }),
  })
  const notReady = (schema: z.ZodMiniType) => ({
    503: {
      description: 'A model cannot answer now, or the server is closing.',
      content: { ...json(schema), 'application/problem+json': problemAnswer },
    },
  })
  const text: JsonSchema = { type: 'string' }
  return [
    get('/', 'Server', 'Tell what is here; browsers get a page to try the models on', {
      ...json(welcomeAnswer),
      'text/html': text,
    }),
    get('/models', 'Server', 'List the models', json(modelList)),
    get('/livez', 'Server', 'Tell that the process lives', json(alive), { open: true }),
    get('/readyz', 'Server', 'Tell whether requests can be answered', json(health), {
      open: true,
      answers: notReady(health),
    }),
    get('/healthz', 'Server', 'Tell the same as /readyz', json(health), {
      open: true,
      answers: notReady(health),
    }),
    get('/metrics', 'Server', 'Tell figures for Prometheus', { 'text/plain': text }),
    get('/openapi.json', 'Server', 'Describe the interface for programs', {
      'application/json': { type: 'object' },
    }),
    get('/docs', 'Server', 'Describe the interface for people', { 'text/html': text }),
  ]
}
