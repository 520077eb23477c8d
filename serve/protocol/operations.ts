/** The operations of the Open Inference Protocol, for the description of the interface. */
import * as z from 'zod/mini'
import type { Answer, Content, Operation, Parameter } from '../openapi/document.js'
import {
  inferRequest,
  inferResponse,
  liveness,
  modelMetadata,
  modelReadiness,
  protocolError,
  readiness,
  serverMetadata,
  VERSION,
} from './schemas.js'

const TAG = 'Open Inference Protocol'

/** @param refusals What statuses of refusals mean. */
export function inferenceOperations(
  models: readonly string[],
  refusals: Record<number, string>,
): Operation[] {
  const json = (schema: z.ZodMiniType): Content => ({ 'application/json': schema })
  const refused = (...statuses: number[]): Record<string, Answer> =>
    Object.fromEntries(
      statuses.map((status) => [status, { description: refusals[status], content: json(protocolError) }]),
    )
  const always = [401, 405, 429, 503]
  const get = (
    path: string,
    summary: string,
    schema: z.ZodMiniType,
    {
      parameters,
      open,
      mayBeUnready,
    }: { parameters?: Parameter[]; open?: boolean; mayBeUnready?: boolean } = {},
  ): Operation => ({
    path,
    method: 'get',
    tag: TAG,
    summary,
    parameters,
    answers: {
      200: { description: 'The answer.', content: json(schema) },
      ...refused(...always, ...(parameters === undefined ? [] : [404])),
      ...(mayBeUnready && {
        503: { description: 'Not ready, or closing.', content: json(z.union([schema, protocolError])) },
      }),
    },
    ...(open && { open }),
  })
  const name: Parameter = {
    name: 'name',
    in: 'path',
    schema: z.enum([...models]),
    description: 'The name of the model.',
  }
  const version: Parameter = {
    name: 'version',
    in: 'path',
    schema: z.literal(VERSION),
    description: 'The version of the model.',
  }
  const ofModel = (path: string, parameters: Parameter[]): Operation[] => [
    get(path, 'Tell what a model takes and gives', modelMetadata, { parameters }),
    get(`${path}/ready`, 'Tell whether a model can answer', modelReadiness, {
      parameters,
      mayBeUnready: true,
    }),
    {
      path: `${path}/infer`,
      method: 'post',
      tag: TAG,
      summary: 'Compute images',
      description:
        'The input "images" takes image files of any size (BYTES, shape [N]; base64 in JSON) or pixels of the ' +
        "model's size (UINT8 or FP32 from 0 to 255, shape [N, height, width, 3], RGB). Boxes are [x1, y1, x2, y2] in " +
        'pixels of what was sent. Binary data may follow the JSON as the extension for binary data says.',
      parameters,
      body: json(inferRequest),
      answers: {
        200: {
          description: 'The outputs.',
          content: {
            ...json(inferResponse),
            'application/octet-stream': { type: 'string', format: 'binary' },
          },
        },
        ...refused(400, 404, 408, 413, 415, 422, 500, ...always),
      },
    },
  ]
  return [
    get('/v2', 'Tell the name and extensions of the server', serverMetadata),
    get('/v2/health/live', 'Tell that the process lives', liveness, { open: true }),
    get('/v2/health/ready', 'Tell whether all models can answer', readiness, {
      open: true,
      mayBeUnready: true,
    }),
    ...ofModel('/v2/models/{name}', [name]),
    ...ofModel('/v2/models/{name}/versions/{version}', [name, version]),
  ]
}
