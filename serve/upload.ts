/** Takes the bytes of one image from a request: the raw body, or the file field `image` of a form. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import busboy from 'busboy'
import { ClientGone, Problem } from './problem.js'

/** What a form may weigh beside its image: boundaries, part headers, small other fields. */
const formOverhead = 64 * 1024

/**
 * Reads the image that a request carries, and never holds more than `maxBytes` of it.
 *
 * @throws Problem 400 for a missing field or a malformed form, 413 for too many bytes (at once where the
 *   request announces its length), 415 for another content type; ClientGone when the connection closes
 */
export async function readUpload(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
): Promise<Uint8Array> {
  const type = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
  const encoding = request.headers['content-encoding'] ?? 'identity'
  const isForm = type === 'multipart/form-data'
  if (type === 'image/svg+xml')
    throw new Problem(415, 'SVG is not taken; send a JPEG, PNG, WebP, GIF or AVIF.')
  if (!isForm && !type.startsWith('image/') && type !== 'application/octet-stream')
    throw new Problem(
      415,
      `${type === '' ? 'The request names no content type' : `The content type ${type} is not taken`}; ` +
        'send the image as the body with "Content-Type: image/jpeg" (or png, …), or as the form field "image".',
    )
  if (encoding !== 'identity')
    throw new Problem(415, `The content encoding ${encoding} is not taken; send the image as it is.`)
  const limit = isForm ? maxBytes + formOverhead : maxBytes
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooManyBytes(maxBytes)
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()
  return isForm ? readForm(request, maxBytes) : readBody(request, maxBytes)
}

function tooManyBytes(maxBytes: number): Problem {
  return new Problem(413, `The image has more than ${maxBytes} bytes, which is the most that is taken.`)
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  await receive(request, maxBytes, maxBytes, (chunk) => chunks.push(chunk))
  return Buffer.concat(chunks)
}

async function readForm(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const images: Uint8Array[][] = []
  const others: string[] = []
  let tooLarge = false
  // busboy reports its limit as soon as it is reached, not passed.
  const form = parser(request, maxBytes + 1)
  const parsed = new Promise<void>((resolve, reject) => {
    form.on('file', (name, file) => {
      // A form that breaks off destroys the file it was in; the form's own error tells.
      file.on('error', () => {})
      if (name !== 'image') {
        others.push(`file "${name}"`)
        file.resume()
        return
      }
      const chunks: Uint8Array[] = []
      images.push(chunks)
      file.on('data', (chunk: Uint8Array) => chunks.push(chunk))
      file.on('limit', () => {
        tooLarge = true
      })
    })
    form.on('field', (name) => others.push(`text field "${name}"`))
    form.on('partsLimit', () =>
      reject(new Problem(400, 'The form has too many parts; send the image alone.')),
    )
    form.on('error', (error: Error) => reject(malformed(error)))
    form.on('close', resolve)
  })
  const received = receive(request, maxBytes + formOverhead, maxBytes, (chunk) => form.write(chunk)).then(
    () => form.end(),
  )
  try {
    await Promise.all([received, parsed])
  } catch (error) {
    form.destroy()
    throw error
  }
  if (tooLarge) throw tooManyBytes(maxBytes)
  if (images.length > 1)
    throw new Problem(400, `The form has ${images.length} files "image"; send one at a time.`)
  if (images.length === 0)
    throw new Problem(
      400,
      `The form has no file field "image"${others.length > 0 ? ` (it has: ${others.join(', ')})` : ''}; ` +
        'send it as curl does with -F image=@photo.jpg.',
    )
  return Buffer.concat(images[0])
}

function parser(request: IncomingMessage, fileSize: number): busboy.Busboy {
  try {
    return busboy({ headers: request.headers, limits: { fileSize, parts: 16 } })
  } catch (error) {
    throw malformed(error as Error)
  }
}

function malformed(error: Error): Problem {
  return new Problem(400, `The form cannot be read: ${error.message}.`)
}

/** Hands a request's chunks on until it ends; stops at `limit` bytes and leaves the rest unread. */
function receive(
  request: IncomingMessage,
  limit: number,
  maxBytes: number,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0
    const settle = (error?: Error) => {
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
      if (error === undefined) resolve()
      else {
        request.pause()
        reject(error)
      }
    }
    const onData = (chunk: Buffer) => {
      received += chunk.length
      if (received > limit) settle(tooManyBytes(maxBytes))
      else onChunk(chunk)
    }
    const onEnd = () => settle()
    const onGone = () => settle(new ClientGone())
    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
  })
}
