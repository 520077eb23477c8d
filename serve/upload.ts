/** Reads the images of a request: the raw body, the files of a form, or base64 in JSON. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ByteSink } from './byte-sink.js'
import type { HeldUpload } from './held-bytes.js'
import { Problem } from './problem.js'
import type { Parameter } from './query.js'
import { readForm } from './read-form.js'
import { readJson } from './read-json.js'

/** Bytes of a form or JSON body beside its images, at most: boundaries, part headers, other fields. */
const formOverhead = 64 * 1024

/** A body in more pieces than this must have a mean of so many bytes a piece: each costs time, whatever its size. */
const manyPieces = 5000
const minBytesOfMany = 64

export interface BodyOptions {
  /** Counts the bytes that arrive. */
  held: HeldUpload
  /** Ends the reading, which then throws the signal's reason. */
  signal: AbortSignal
}

export interface UploadOptions extends BodyOptions {
  /** All images of one request together. */
  maxBytes: number
  maxImages: number
}

export interface Upload {
  /** The images' files: one or more. */
  images: Uint8Array[]
  /** Whether the client sent a list of images, be it of one, and gets a list of answers. */
  several: boolean
  /** The parameters beside the images, in their order. */
  fields: Parameter[]
}

/** The media type of a request's body, without parameters; empty where it names none. */
export function contentType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
}

const isForm = (type: string): boolean => type === 'multipart/form-data'
const isJson = (type: string): boolean => type === 'application/json'

/** Whether a request's body may contain parameters too. */
export function mayHaveFields(request: IncomingMessage): boolean {
  const type = contentType(request)
  return isForm(type) || isJson(type)
}

/** Bytes of JSON that hold so many bytes in base64. */
export const jsonLimit = (maxBytes: number): number => Math.ceil(maxBytes / 3) * 4 + formOverhead

/**
 * Reads the images that a request carries, and never holds more than `maxBytes` of them.
 *
 * @throws Problem 400 for a missing field or a malformed body, 413 for too many bytes (at once where the
 *   request announces its length), 415 for another content type; the signal's reason once it is aborted
 */
export async function readUpload(
  request: IncomingMessage,
  response: ServerResponse,
  { maxBytes, maxImages, ...options }: UploadOptions,
): Promise<Upload> {
  const type = contentType(request)
  if (type === 'image/svg+xml')
    throw new Problem(415, 'SVG is not accepted; send a JPEG, PNG, WebP, GIF or AVIF.')
  if (!isForm(type) && !isJson(type) && !type.startsWith('image/') && type !== 'application/octet-stream')
    throw new Problem(
      415,
      `${type === '' ? 'The request names no content type' : `The content type ${type} is not accepted`}; ` +
        'send the image as the body with "Content-Type: image/jpeg" (or png, …), as the form field "image", or as ' +
        '{"image": "BASE64"} with "Content-Type: application/json".',
    )
  const tooLarge = () => new Problem(413, `The image has more than ${maxBytes} bytes, which is the limit.`)
  const limit = isForm(type) ? maxBytes + formOverhead : isJson(type) ? jsonLimit(maxBytes) : maxBytes
  const announced = announcedBytes(request)
  const receive = openBody(request, response, { ...options, limit, tooLarge })
  if (isForm(type)) {
    const upload = await readForm(request.headers, receive, Math.min(announced, maxBytes), {
      maxBytes,
      maxImages,
    })
    if (bytesOf(upload.images) > maxBytes) throw tooLarge()
    return upload
  }
  const body = await collect(receive, Math.min(announced, limit))
  if (!isJson(type)) return { images: [body], several: false, fields: [] }
  const upload = readJson(body, maxImages)
  if (bytesOf(upload.images) > maxBytes) throw tooLarge()
  return upload
}

const announcedBytes = (request: IncomingMessage): number => Number(request.headers['content-length'] ?? 0)

const bytesOf = (images: readonly Uint8Array[]): number => images.reduce((sum, { length }) => sum + length, 0)

async function collect(receive: Receive, expected: number): Promise<Buffer> {
  const sink = new ByteSink(expected)
  await receive((piece) => sink.add(piece))
  return sink.bytes()
}

/** Reads a whole body of at most `limit` bytes. @throws as `readUpload` does; what `tooLarge` makes */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  options: BodyOptions & { limit: number; tooLarge: () => Problem },
): Promise<Buffer> {
  return collect(openBody(request, response, options), Math.min(announcedBytes(request), options.limit))
}

/** Calls back with each piece of a body; resolves when it ends. */
type Receive = (onPiece: (piece: Uint8Array) => void) => Promise<void>

/** Checks what a request announces of its body, and lets a client that waits for it begin to send. */
function openBody(
  request: IncomingMessage,
  response: ServerResponse,
  { limit, tooLarge, held, signal }: BodyOptions & { limit: number; tooLarge: () => Problem },
): Receive {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    throw new Problem(415, `The content encoding ${encoding} is not accepted; send the body as it is.`)
  if (announcedBytes(request) > limit) throw tooLarge()
  signal.throwIfAborted()
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()
  return (onPiece) =>
    receiveBody(request, signal, (piece, received) => {
      if (received > limit) throw tooLarge()
      held.add(piece.length)
      onPiece(piece)
    })
}

/** Calls back with each piece of a body until it ends. If that throws, or the signal fires, the rest is not read. */
function receiveBody(
  request: IncomingMessage,
  signal: AbortSignal,
  onPiece: (piece: Uint8Array, received: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0
    let pieces = 0
    const settle = () => {
      request.off('data', onData).off('end', onEnd).off('error', onAbort)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown) => {
      settle()
      request.pause()
      reject(error)
    }
    const onData = (piece: Buffer) => {
      received += piece.length
      pieces++
      try {
        if (pieces > manyPieces && received < pieces * minBytesOfMany)
          throw new Problem(400, 'The body arrives in too many tiny chunks; send larger ones.', {}, true)
        onPiece(piece, received)
      } catch (error) {
        fail(error)
      }
    }
    const onEnd = () => {
      settle()
      resolve()
    }
    // A broken connection is first an error of the request; the signal is aborted a moment later.
    const onAbort = () => {
      if (signal.aborted) fail(signal.reason)
    }
    if (signal.aborted) return fail(signal.reason)
    request.on('data', onData).on('end', onEnd).on('error', onAbort)
    signal.addEventListener('abort', onAbort)
  })
}
