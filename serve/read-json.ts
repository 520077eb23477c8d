/** Images in a JSON body: `{"image": "BASE64"}`, or several as `{"images": ["BASE64", …]}`, and parameters beside them. */
import { Problem } from './problem.js'
import type { Parameter } from './query.js'

/** A body of more lists, objects and members than this is no upload; parsing it would cost more than its bytes. */
const maxStructure = 10_000

export interface JsonUpload {
  images: Uint8Array[]
  several: boolean
  fields: Parameter[]
}

/** @throws Problem 400 that names what is wrong, for a body that is not what the summary of this file says */
export function readJson(body: Uint8Array, maxImages: number): JsonUpload {
  const value = parseJson(body, maxStructure)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Problem(400, 'The JSON body must be an object, such as {"image": "BASE64"}.')
  const { image, images, ...rest } = value as Record<string, unknown>
  if ((image === undefined) === (images === undefined))
    throw new Problem(400, 'The JSON body must have either "image" or "images", in base64.')
  const fields: Parameter[] = []
  for (const [name, parameter] of Object.entries(rest)) {
    const isText = typeof parameter === 'string'
    if (name === 'model' ? !isText : typeof parameter !== 'number' && typeof parameter !== 'boolean') {
      const wanted = name === 'model' ? 'a text' : 'a number, true or false'
      throw new Problem(400, `"${name.slice(0, 40)}" of the JSON body must be ${wanted}.`)
    }
    fields.push([name, parameter as Parameter[1]])
  }
  if (images === undefined) return { images: [fromBase64(image, '"image"')], several: false, fields }
  if (!Array.isArray(images) || images.length < 1 || images.length > maxImages)
    throw new Problem(400, `"images" of the JSON body must be a list of 1 to ${maxImages} images.`)
  return {
    images: images.map((each, at) => fromBase64(each, `"images"[${at}]`)),
    several: true,
    fields,
  }
}

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

/** The bytes of a text in base64, also as the `data:` address that browsers make of files. @throws Problem 400 */
export function fromBase64(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') {
    const text = value.replace(/^data:[^,]{0,100};base64,/, '')
    if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return Buffer.from(text, 'base64')
  }
  throw new Problem(400, `${name} of the JSON body must be an image file in base64, with its padding.`)
}
