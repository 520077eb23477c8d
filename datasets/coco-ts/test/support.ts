import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { type Annotation, CocoError, type Dataset, type Detection } from '../src/index.js'

/** The package's folder, from the build as from the sources. */
export const packageRoot = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
})()

/** A golden file, as written by test/golden/make_golden.py. */
export function golden<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(join(packageRoot, 'test', 'golden', name))).toString()) as T
}

/** Little-endian doubles, as make_golden.py packs them. */
export const doubles = (base64: string): Float64Array =>
  new Float64Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer)

/** A folder that is gone after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coco-ts-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const box = (
  id: number,
  image: number,
  category: number,
  x: number,
  more: Partial<Annotation> = {},
): Annotation => ({
  id,
  image_id: image,
  category_id: category,
  bbox: [x, 10, 20, 30],
  area: 600,
  iscrowd: 0,
  ...more,
})

/** Two images with three boxes, a crowd among them, and one image without any. */
export function smallDataset(): Dataset {
  return {
    info: { description: 'small' },
    images: [
      { id: 1, width: 100, height: 80, file_name: 'a.jpg' },
      { id: 2, width: 60, height: 50, file_name: 'b.jpg' },
      { id: 3, width: 60, height: 50, file_name: 'c.jpg' },
    ],
    categories: [
      { id: 1, name: 'cat', supercategory: 'animal' },
      { id: 7, name: 'dog', supercategory: 'animal' },
      { id: 9, name: 'cup', supercategory: 'kitchen' },
    ],
    annotations: [
      box(11, 1, 1, 0, { segmentation: [[0, 10, 20, 10, 20, 40, 0, 40]] }),
      box(12, 1, 7, 40, { area: 250, segmentation: [[40.25, 10.5, 60, 10.75, 50.01, 40]] }),
      box(13, 2, 1, 5, { iscrowd: 1, segmentation: { size: [50, 60], counts: [100, 50, 2850] } }),
    ],
  }
}

export function smallResults(): Detection[] {
  return [
    { image_id: 1, category_id: 1, bbox: [1, 10, 20, 30], score: 0.9 },
    { image_id: 1, category_id: 7, bbox: [40, 12, 20, 30], score: 0.8 },
    { image_id: 2, category_id: 1, bbox: [5, 10, 20, 30], score: 0.7 },
  ]
}

/** JSON as Python writes it, with NaN and Infinity. */
export function pythonJson(value: unknown): string {
  const marked = JSON.stringify(value, (_key, part) =>
    typeof part === 'number' && !Number.isFinite(part) ? `<${part}>` : part,
  )
  return marked.replace(/"<(NaN|-?Infinity)>"/g, '$1')
}

/** Runs into a CocoError of one line that says all of this. */
export async function refused(run: () => Promise<unknown>, ...messages: RegExp[]): Promise<CocoError> {
  const error = await run().then(
    () => assert.fail('nothing was wrong'),
    (reason) => reason,
  )
  assert.ok(error instanceof CocoError, String(error))
  for (const message of messages) assert.match(error.message, message)
  assert.doesNotMatch(error.message, /\n/)
  return error
}

/** Writes a file of the folder, and returns its path. */
export function fileIn(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
