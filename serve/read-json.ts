/** Images in a JSON body: `{"image": "BASE64"}`, or several as `{"images": ["BASE64", …]}`, and parameters beside them. */
import * as z from 'zod/mini'
import { rule, validate } from '../src/shared/validation.js'
import { Problem } from './problem.js'
import type { Parameter } from './query.js'

/** A body of more lists, objects and members than this is no upload; parsing it would cost more than its bytes. */
const maxStructure = 10_000

export interface JsonUpload {
  images: Uint8Array[]
  several: boolean
  fields: Parameter[]
}

const BASE64 = /^(?:data:[^,]{0,100};base64,)?([A-Za-z0-9+/]*={0,2})$/
const wanted = 'must be an image file in base64, with its padding'

/** Also the `data:` address that browsers make of a file. */
export const base64Image = z.string('an image file in base64').check(
  z.refine((text) => (BASE64.exec(text)?.[1].length ?? 1) % 4 === 0, wanted),
  z.meta({ contentEncoding: 'base64', format: 'image', description: 'An image file in base64.' }),
)

/** The fields of images in a JSON body, of which there must be one. */
export function imageFields(maxImages: number) {
  const words = `a list of 1 to ${maxImages} images`
  const images = z.array(base64Image, words).check(z.minLength(1, words), z.maxLength(maxImages, words))
  return { image: base64Image, images }
}

const uploadSchema = (maxImages: number) => {
  const { image, images } = imageFields(maxImages)
  return z.looseObject({ image: z.optional(image), images: z.optional(images) }).check(
    rule((body, refuse) => {
      if ((body.image === undefined) === (body.images === undefined))
        refuse([], 'must have either "image" or "images", in base64')
    }),
  )
}

/** @throws Problem 400 that names what is wrong, for a body that is not what the summary of this file says */
export function readJson(body: Uint8Array, maxImages: number): JsonUpload {
  const { image, images, ...rest } = validate(uploadSchema(maxImages), parseJson(body, maxStructure), {
    errorOf: (sentence) => new Problem(400, `${sentence}.`),
    nameOf: (path) => (path.length === 0 ? 'The JSON body' : `"${path.join('.')}" of the JSON body`),
  })
  const fields: Parameter[] = []
  for (const [name, parameter] of Object.entries(rest)) {
    const isText = typeof parameter === 'string'
    if (name === 'model' ? !isText : typeof parameter !== 'number' && typeof parameter !== 'boolean') {
      const type = name === 'model' ? 'a text' : 'a number, true or false'
      throw new Problem(400, `"${name.slice(0, 40)}" of the JSON body must be ${type}.`)
    }
    fields.push([name, parameter as Parameter[1]])
  }
  return { images: (images ?? [image!]).map(bytesOf), several: images !== undefined, fields }
}

const bytesOf = (text: string): Uint8Array => Buffer.from(BASE64.exec(text)![1], 'base64')

/**
 * The value of a JSON body.
 *
 * @param limit Commas and brackets that it may have: each becomes a value, whatever its bytes are.
 * @throws Problem 400
 */
export function parseJson(body: Uint8Array, limit: number): unknown {
  let structure = 0
  for (const byte of body) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) structure++
  if (structure > limit) throw new Problem(400, 'The JSON body has too many values.')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw new Problem(400, `The JSON body cannot be read: ${sentenceOf(error as Error)}.`)
  }
}

/** V8 quotes the text, which may be long and may end in a point. */
function sentenceOf({ message }: Error): string {
  return message.length > 100 ? `${message.slice(0, 99)}…` : message
}

/** The bytes of a text in base64. @throws Problem 400 */
export function fromBase64(value: unknown, name: string): Uint8Array {
  const { success, data } = z.safeParse(base64Image, value)
  if (success) return bytesOf(data)
  throw new Problem(400, `${name} of the JSON body ${wanted}.`)
}
