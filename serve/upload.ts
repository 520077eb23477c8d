/** Reads the bytes of one image from a request: the raw body, or the file field `image` of a form. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ByteSink } from './byte-sink.js'
import type { HeldUpload } from './held-bytes.js'
import { Problem } from './problem.js'
import { readForm } from './read-form.js'

/** Bytes of a form beside its image, at most: boundaries, part headers, other fields. */
const formOverhead = 64 * 1024

/** A body in more pieces than this must have a mean of so many bytes a piece: each costs time, whatever its size. */
const manyPieces = 5000
const minBytesOfMany = 64

export interface UploadOptions {
  /** The largest image. */
  maxBytes: number
  /** Counts the bytes that arrive. */
  held: HeldUpload
  /** Ends the reading, which then throws the signal's reason. */
  signal: AbortSignal
}

export interface Upload {
  /** The image's file. */
  bytes: Uint8Array
  /** The text fields of a form, in their order. */
  fields: [name: string, value: string][]
}

function contentType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
}

/** Whether a request carries a form, which may contain parameters too. */
export function isForm(request: IncomingMessage): boolean {
  return contentType(request) === 'multipart/form-data'
}

/**
 * Reads the image that a request carries, and never holds more than `maxBytes` of it.
 *
 * @throws Problem 400 for a missing field or a malformed form, 413 for too many bytes (at once where the
 *   request announces its length), 415 for another content type; the signal's reason once it is aborted
 */
export async function readUpload(
  request: IncomingMessage,
  response: ServerResponse,
  { maxBytes, held, signal }: UploadOptions,
): Promise<Upload> {
  const type = contentType(request)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (type === 'image/svg+xml')
    throw new Problem(415, 'SVG is not accepted; send a JPEG, PNG, WebP, GIF or AVIF.')
  if (!isForm(request) && !type.startsWith('image/') && type !== 'application/octet-stream')
    throw new Problem(
      415,
      `${type === '' ? 'The request names no content type' : `The content type ${type} is not accepted`}; ` +
        'send the image as the body with "Content-Type: image/jpeg" (or png, …), or as the form field "image".',
    )
  if (encoding !== 'identity')
    throw new Problem(415, `The content encoding ${encoding} is not accepted; send the image as it is.`)
  const limit = isForm(request) ? maxBytes + formOverhead : maxBytes
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw tooManyBytes(maxBytes)
  signal.throwIfAborted()
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue()

  const receive = (onPiece: (piece: Uint8Array) => void) =>
    receiveBody(request, signal, (piece, received) => {
      if (received > limit) throw tooManyBytes(maxBytes)
      held.add(piece.length)
      onPiece(piece)
    })
  const sink = new ByteSink(Math.min(announced, maxBytes))
  if (!isForm(request)) {
    await receive((piece) => sink.add(piece))
    return { bytes: sink.bytes(), fields: [] }
  }
  const fields = await readForm(request.headers, receive, sink, maxBytes)
  if (sink.length > maxBytes) throw tooManyBytes(maxBytes)
  return { bytes: sink.bytes(), fields }
}

function tooManyBytes(maxBytes: number): Problem {
  return new Problem(413, `The image has more than ${maxBytes} bytes, which is the limit.`)
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
