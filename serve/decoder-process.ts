/**
 * The process that decodes untrusted images, one at a time. Only a process can be ended in the middle of an image, and
 * only its end frees the memory that the native libraries leak on damaged images.
 */
import sharp from 'sharp'
import { type DecodedImage, type DecodeOptions, decodePixels, drawOver, readHeader } from './image.js'
import { Problem } from './problem.js'

export type DecoderRequest =
  /** Decodes an image and fits it to a size, unless that takes more work than `maxWork` (see `decodeWork`). */
  | { kind: 'pixels'; bytes: Uint8Array; options: DecodeOptions; maxWork: number }
  /** Draws an SVG over an image. */
  | { kind: 'draw'; bytes: Uint8Array; overlay: string; maxPixels: number }

type Result =
  | { kind: 'pixels'; image: DecodedImage }
  | { kind: 'drawn'; png: Uint8Array }
  | { kind: 'tooMuchWork' }
  | { kind: 'problem'; status: number; detail: string }
  /** An unexpected error, not caused by the client; `reason` is for the log. */
  | { kind: 'failed'; reason: string }

export type DecoderReply =
  | { kind: 'ready' }
  | (Result & { /** Resident memory, in bytes. */ resident: number })

async function answer(request: DecoderRequest): Promise<Result> {
  try {
    const { kind, bytes } = request
    if (kind === 'draw')
      return { kind: 'drawn', png: await drawOver(bytes, request.overlay, request.maxPixels) }
    const header = await readHeader(bytes, request.options.maxPixels)
    if (header.work > request.maxWork) return { kind: 'tooMuchWork' }
    return { kind: 'pixels', image: await decodePixels(bytes, header, request.options) }
  } catch (error) {
    if (error instanceof Problem) return { kind: 'problem', status: error.status, detail: error.detail }
    return { kind: 'failed', reason: (error as Error).stack ?? String(error) }
  }
}

function reply(message: DecoderReply): void {
  process.send!(message)
}

// Each image is decoded once, by one thread: caches would only hold memory, and the pool of processes already uses
// all processors.
sharp.cache(false)
sharp.concurrency(1)

// The server handles signals to the whole group (Ctrl-C); it ends its decoders when all requests are answered.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
// The server is gone. An ordinary exit would wait for the image that is being decoded.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', async (request: DecoderRequest) => {
  reply({ ...(await answer(request)), resident: process.memoryUsage.rss() })
})
reply({ kind: 'ready' })
