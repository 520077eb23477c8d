/** An exported detector for programs and commands that need no server. */
import { availableParallelism } from 'node:os'
import type { DetectorCard } from '../src/shared/model-card.js'
import {
  type Detection,
  type DetectionOptions,
  detectionDefaults,
  detectionsSvg,
  readDetections,
} from './detections.js'
import { ServeError } from './errors.js'
import { decodeImage, drawOver } from './image.js'
import { Inference } from './inference.js'
import { readServedFile } from './model-file.js'

export interface Found {
  /** Size of the image after its EXIF rotation, in pixels. */
  width: number
  height: number
  /** The highest score first. */
  detections: Detection[]
}

export interface OpenDetector {
  readonly card: DetectorCard
  /**
   * Finds the objects in an image.
   *
   * @param bytes A file: JPEG, PNG, WebP, GIF or AVIF.
   * @throws Problem saying why the image cannot be decoded or the model failed on it
   */
  detect(bytes: Uint8Array, options?: Partial<DetectionOptions>): Promise<Found>
  /** The image in its own size with the detections drawn over it, as PNG. */
  draw(bytes: Uint8Array, found: Found): Promise<Buffer>
  /** Ends the thread that the model computes in. */
  close(): Promise<void>
}

export interface OpenDetectorOptions {
  /** Threads to compute with; all processors by default. */
  threads?: number
  /** Images with more pixels than this are refused (default: sharp's own limit, 268 million). */
  maxPixels?: number
}

/**
 * Loads a detector into a thread of its own, as the server does. Close it when it is no longer needed.
 *
 * @throws UserError when the file cannot be read, ServeError when it is no detector or not what its card says
 */
export async function openDetector(
  path: string,
  { threads = availableParallelism(), maxPixels = 16_383 ** 2 }: OpenDetectorOptions = {},
): Promise<OpenDetector> {
  const { card, sha256 } = await readServedFile(path)
  if (card.task !== 'detection')
    throw new ServeError(
      `${path} is a model for ${card.task}; give a detector, or ask this one with "toolkit serve".`,
    )
  const inference = await Inference.start<'detection'>({
    path,
    sha256,
    card,
    workers: 1,
    threads,
    // Callers that ask for several images at once get them one after another.
    maxBatch: 1,
    queue: Number.POSITIVE_INFINITY,
    // The caller of a run that fails with its worker gets the error.
    onWarning: () => {},
  })
  const detect = async (bytes: Uint8Array, options: Partial<DetectionOptions> = {}): Promise<Found> => {
    const reservation = inference.reserve()
    try {
      const { inputSize: size, resize } = card
      const { pixels, width, height } = await decodeImage(bytes, { size, resize, maxPixels })
      const { outputs } = await reservation.infer(pixels, new AbortController().signal)
      const wanted = { ...detectionDefaults, ...options }
      return { width, height, detections: readDetections(outputs, card, { width, height }, wanted) }
    } finally {
      reservation.release()
    }
  }
  const draw = (bytes: Uint8Array, found: Found) =>
    drawOver(bytes, detectionsSvg(found, found.detections), maxPixels)
  return { card, detect, draw, close: () => inference.close() }
}
