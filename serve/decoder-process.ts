/**
 * The process that decodes pictures from strangers, one at a time. Only a process can be ended in the middle of a
 * picture, and only its end gives back the memory that damaged ones leave behind in the native libraries.
 */
import sharp from 'sharp'
import { type DecodedImage, type DecodeOptions, decodePixels, drawOver, readHeader } from './image.js'
import { Problem } from './problem.js'

export type DecoderRequest =
  /** Decodes and fits a picture, unless it is more work than `mostWork` (pixels of a plain picture). */
  | { kind: 'pixels'; bytes: Uint8Array; options: DecodeOptions; mostWork: number }
  /** Lays an SVG over a picture. */
  | { kind: 'draw'; bytes: Uint8Array; overlay: string; maxPixels: number }

type Result =
  | { kind: 'pixels'; image: DecodedImage }
  | { kind: 'drawn'; png: Uint8Array }
  | { kind: 'tooMuchWork' }
  | { kind: 'problem'; status: number; detail: string }
  /** Neither the client's fault nor foreseen; `reason` is for the log. */
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
    if (header.work > request.mostWork) return { kind: 'tooMuchWork' }
    return { kind: 'pixels', image: await decodePixels(bytes, header, request.options) }
  } catch (error) {
    if (error instanceof Problem) return { kind: 'problem', status: error.status, detail: error.detail }
    return { kind: 'failed', reason: (error as Error).stack ?? String(error) }
  }
}

function reply(message: DecoderReply): void {
  process.send!(message)
}

// Each picture is decoded once, by one thread: caches would only hold memory, and the pool of processes shares out
// the processors.
sharp.cache(false)
sharp.concurrency(1)

// Signals to the whole group (Ctrl-C) are the server's to handle; it ends its decoders when it has drained.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
// The server is gone. An ordinary exit would wait for the picture that is being decoded.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', async (request: DecoderRequest) => {
  reply({ ...(await answer(request)), resident: process.memoryUsage.rss() })
})
reply({ kind: 'ready' })
