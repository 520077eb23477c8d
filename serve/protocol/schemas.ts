/**
 * Messages of the Open Inference Protocol, version 2, over REST
 * (https://github.com/kserve/open-inference-protocol), with the extensions for binary data and classification.
 */
import * as z from 'zod/mini'
import { text, wholeNumber } from '../../src/shared/validation.js'

/** What the one input of every model is named. */
export const INPUT = 'images'
/** Every model has this one. */
export const VERSION = '1'

/** Settings of extensions; those that are not known do nothing, as the protocol asks. */
const parameters = () => z.optional(z.record(z.string(), z.unknown()))

const shape = () => z.array(wholeNumber(0, 2 ** 31)).check(z.minLength(1, 'a list of sizes'))

export const inferInput = z.strictObject({
  name: z.literal(INPUT),
  shape: shape(),
  datatype: z.enum(['BYTES', 'UINT8', 'FP32']),
  parameters: parameters(),
  /** Flat or nested; for BYTES, images in base64. Missing where the data follow the JSON in binary. */
  data: z.optional(z.array(z.unknown())),
})

export const inferRequest = z.strictObject({
  id: z.optional(text()),
  parameters: parameters(),
  inputs: z.tuple([inferInput]),
  outputs: z.optional(z.array(z.strictObject({ name: text(), parameters: parameters() }))),
})
export type InferRequest = z.infer<typeof inferRequest>

export const inferResponse = z.strictObject({
  model_name: z.string(),
  model_version: z.string(),
  id: z.optional(z.string()),
  outputs: z.array(
    z.strictObject({
      name: z.string(),
      datatype: z.enum(['FP32', 'INT32', 'BYTES']),
      shape: z.array(z.int()),
      parameters: z.optional(z.strictObject({ binary_data_size: z.int() })),
      data: z.optional(z.array(z.unknown())),
    }),
  ),
})
export type InferResponse = z.infer<typeof inferResponse>

export const serverMetadata = z.strictObject({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
})

const tensorMetadata = z.strictObject({
  name: z.string(),
  datatype: z.string(),
  /** -1: any size. */
  shape: z.array(z.int()),
})

export const modelMetadata = z.strictObject({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(tensorMetadata),
  outputs: z.array(tensorMetadata),
})
export type ModelMetadata = z.infer<typeof modelMetadata>

export const liveness = z.strictObject({ live: z.boolean() })
export const readiness = z.strictObject({ ready: z.boolean() })
export const modelReadiness = z.strictObject({ name: z.string(), ready: z.boolean() })
export const protocolError = z.strictObject({ error: z.string() })
