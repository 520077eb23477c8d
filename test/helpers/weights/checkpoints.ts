/** Checkpoints that TensorFlow has written (golden/make_checkpoints.py), and what it reads in them. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../../src/shared/package-root.js'
import type { TensorSource } from '../../../src/weights/source.js'
import { openTfCheckpoint } from '../../../src/weights/tf-checkpoint/open-checkpoint.js'

const folder = join(packageRoot(), 'test/weights/golden')

export const golden = (name: string): string => join(folder, name)

interface Described {
  dtype: string
  shape: number[]
  /** Of the numbers as float32; missing for what holds none. */
  sha256?: string
}

/** By checkpoint and tensor. */
export const expected: Record<string, Record<string, Described>> = JSON.parse(
  readFileSync(golden('checkpoints.json'), 'utf8'),
)

const sha256 = (numbers: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    .digest('hex')

/** What is in a source, in the form of `expected`; those that `skip` names are not read. */
export async function described(
  source: TensorSource,
  skip: (name: string) => boolean = () => false,
): Promise<Record<string, Described>> {
  const tensors: Record<string, Described> = {}
  for (const [name, { dtype, shape }] of source.tensors)
    tensors[name] = {
      ...{ dtype, shape: [...shape] },
      ...(!skip(name) && { sha256: sha256(await source.read(name)) }),
    }
  return tensors
}

/** Opens, reads and closes. */
export async function contentsOf(path: string): Promise<Record<string, Described>> {
  const source = await openTfCheckpoint(path)
  try {
    return await described(source)
  } finally {
    await source.close()
  }
}
