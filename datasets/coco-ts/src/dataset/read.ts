import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import type { BoxColumns } from '../common/box-columns.js'
import { CocoError } from '../common/problems.js'
import type { Dataset, Detection } from '../common/types.js'
import type { References } from '../entries/read-entry.js'
import { noteDigits } from '../json/digits.js'
import { type JsonHandler, JsonSyntaxError } from '../json/handler.js'
import { JsonReader } from '../json/reader.js'
import { polygonReader } from '../masks/packed-polygons.js'
import { AnnotationRows } from './annotation-rows.js'
import { BoxRows } from './box-rows.js'

/** Bytes from somewhere: a Node stream, the body of a fetch, any async iterable. */
export type ByteStream = AsyncIterable<Uint8Array>

const PIECE = 1 << 20

/**
 * Reads a JSON file (one that ends in .gz is unpacked) or a stream of JSON bytes, entry by entry.
 * @throws CocoError that names the source and the place, for a file that cannot be read or is not whole JSON
 */
async function readJson(source: string | ByteStream, handler: JsonHandler): Promise<void> {
  const reader = new JsonReader(handler)
  const name = sourceName(source)
  try {
    if (typeof source !== 'string') {
      await feedStream(reader, source)
    } else if (source.endsWith('.gz')) {
      await feedGzip(reader, source)
    } else {
      await feedFile(reader, source)
    }
    reader.finish()
  } catch (error) {
    throw new CocoError(`${name}: ${readFault(error)}`, undefined, { cause: error })
  }
}

export function sourceName(source: unknown): string {
  return typeof source === 'string' ? source : 'the input'
}

async function feedStream(reader: JsonReader, stream: ByteStream): Promise<void> {
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) {
      throw new TypeError('the stream gives text or objects, but must give bytes (leave its encoding unset)')
    }
    reader.feed(chunk)
  }
}

async function feedGzip(reader: JsonReader, path: string): Promise<void> {
  const file = createReadStream(path, { highWaterMark: PIECE })
  const unpacked = createGunzip({ chunkSize: PIECE })
  file.on('error', (error) => unpacked.destroy(error))
  try {
    await feedStream(reader, file.pipe(unpacked))
  } finally {
    file.destroy()
  }
}

async function feedFile(reader: JsonReader, path: string): Promise<void> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    for (;;) {
      const { bytesRead } = await file.read(reader.room(PIECE), 0, PIECE)
      if (bytesRead === 0) break
      reader.written(bytesRead)
    }
  } finally {
    await file?.close()
  }
}

function readFault(error: unknown): string {
  if (error instanceof JsonSyntaxError) {
    const { section, index, offset, cut } = error
    const list = section ?? 'the list'
    const place = section === undefined ? '' : index < 0 ? ` in "${section}"` : `, in ${list}[${index}]`
    if (cut)
      return `${error.message} (at byte ${offset}${place}). The file is cut short or still being written: get it again.`
    return `not valid JSON at byte ${offset}${place}: ${error.message}.`
  }
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file.'
  if (code === 'EACCES' || code === 'EPERM') return 'you have no permission to read this file.'
  if (code === 'EISDIR') return 'this is a folder: give the JSON file itself.'
  if (code === 'Z_BUF_ERROR') return 'the gzip data ends too early. The file is cut short: get it again.'
  if (code?.startsWith('Z_')) return `the gzip data is damaged or no gzip at all (${message}).`
  return `cannot be read: ${message}.`
}

/** An annotation file as it was read. */
export interface RawDataset {
  /** Without the annotations, where they are `rows`. */
  dataset: Partial<Dataset>
  rows: AnnotationRows | undefined
}

/** Reads an annotation file. Nothing of it is checked but that it is JSON and an object. */
export async function readDataset(source: string | ByteStream): Promise<RawDataset> {
  const dataset: Record<string, unknown> = {}
  let list: unknown[] = []
  let rows: AnnotationRows | undefined
  let topLevelList = false
  await readJson(source, {
    entry: (section, _index, value) => {
      if (topLevelList) return
      if (section !== 'annotations' || rows === undefined) {
        list.push(value)
      } else if (!rows.add(value)) {
        rows.close()
        list = rows.entries()
        dataset.annotations = list
        rows = undefined
      }
    },
    value: (section, value) => {
      if (Array.isArray(value)) list = value
      if (section === null) topLevelList = true
      else if (section !== '__proto__') dataset[section] = value
      if (section === 'annotations') rows = undefined
    },
    rows: (section) => {
      if (section === 'annotations') rows = new AnnotationRows()
      return section === 'annotations' ? rows : undefined
    },
    largeNumber: noteDigits,
    fields: { segmentation: polygonReader() },
  })
  if (topLevelList) {
    throw new CocoError(
      `${sourceName(source)}: this is a list, but an annotation file is an object with "images", "annotations" and ` +
        '"categories". Is it a results file?',
    )
  }
  return { dataset, rows }
}

/**
 * Reads a results file: a list of detections. Nothing of them is checked, but that those in columns are valid and refer to
 * what is `known`.
 */
export async function readDetections(
  source: string | ByteStream,
  known: References,
): Promise<Detection[] | BoxColumns> {
  let detections: unknown[] = []
  let rows: BoxRows | undefined = new BoxRows(known)
  let isList = false
  await readJson(source, {
    entry: (section, _index, value) => {
      if (section !== null) return
      if (rows) {
        rows.close()
        detections = rows.entries()
        rows = undefined
      }
      detections.push(value)
    },
    value: (section) => {
      isList ||= section === null
    },
    rows: (section) => (section === null ? rows : undefined),
    largeNumber: noteDigits,
    fields: { segmentation: polygonReader() },
  })
  if (!isList) {
    throw new CocoError(
      `${sourceName(source)}: this is an object, but a results file is a list of detections. Is it an annotation file?`,
    )
  }
  return rows ? rows.columns() : (detections as Detection[])
}
