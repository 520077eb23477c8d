/**
 * CIFAR-10 in its official binary layout (https://www.cs.toronto.edu/~kriz/cifar.html): five training files
 * and one test file of 10,000 records each; a record is one label byte (0–9) and 3,072 pixel bytes, the
 * 32×32 planes R, G, B one after the other.
 */

import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { grouped } from '../../src/shared/text.js'
import { DatasetError, isMissing } from '../files/errors.js'
import type { ImageSet } from './image-set.js'

/** The folder that the official archive unpacks to. */
export const cifar10Folder = 'cifar-10-batches-bin'
export const cifar10TrainFiles = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`)
export const cifar10TestFile = 'test_batch.bin'
export const cifar10NamesFile = 'batches.meta.txt'

const side = 32
const plane = side * side
const recordBytes = 1 + 3 * plane
const classCount = 10
const fetchHint = 'fetch it again with "toolkit datasets fetch cifar10"'

export interface Cifar10Options {
  /** Records in each file; 10,000 in the official data, fewer in small copies for tests. */
  recordsPerFile?: number
}

/**
 * Loads all images from the folder with the six files, or from its parent.
 * Sizes and labels are verified, checksums are not.
 *
 * @throws DatasetError that names the file and what is wrong with it.
 */
export async function loadCifar10(
  folder: string,
  options: Cifar10Options = {},
): Promise<{ train: ImageSet; test: ImageSet }> {
  const found = await findCifar10(folder)
  const classes = await readClassNames(found)
  const train = await readImages('cifar10 train', found, cifar10TrainFiles, classes, options)
  const test = await readImages('cifar10 test', found, [cifar10TestFile], classes, options)
  return { train, test }
}

/** Checks names, sizes and label bytes of all files without keeping the images; returns the folder that holds them. */
export async function verifyCifar10(folder: string, options: Cifar10Options = {}): Promise<string> {
  const found = await findCifar10(folder)
  await readClassNames(found)
  for (const file of [...cifar10TrainFiles, cifar10TestFile]) await readRecords(found, file, options)
  return found
}

/** The folder with the binary files: `folder` itself or its `cifar-10-batches-bin`. */
export async function findCifar10(folder: string): Promise<string> {
  const inside = join(folder, cifar10Folder)
  for (const candidate of [folder, inside]) {
    const names = await listFolder(candidate)
    if (names === undefined) {
      if (candidate === inside) continue
      throw new DatasetError(
        `There is no folder "${folder}"; run "toolkit datasets fetch cifar10 --to ${folder}" or name the folder that holds CIFAR-10.`,
      )
    }
    if (names.some((name) => cifar10TrainFiles.includes(name) || name === cifar10TestFile)) return candidate
    if (names.includes('data_batch_1')) {
      throw new DatasetError(
        `"${candidate}" holds the Python version of CIFAR-10; the binary version is needed: ${fetchHint}.`,
      )
    }
    if (candidate === inside || (names.length === 0 && basename(folder) === cifar10Folder))
      throw new DatasetError(`"${candidate}" holds no CIFAR-10 file such as data_batch_1.bin; ${fetchHint}.`)
  }
  const names = await listFolder(folder)
  throw new DatasetError(
    names?.length === 0
      ? `The folder "${folder}" is empty; CIFAR-10 needs data_batch_1.bin and its five companions there: ${fetchHint}.`
      : `"${folder}" holds neither data_batch_1.bin nor a folder ${cifar10Folder}; ${fetchHint} or name the folder that holds it.`,
  )
}

/** Names in a folder, or undefined when there is no such folder. */
async function listFolder(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new DatasetError(`The folder "${folder}" cannot be read: ${(error as Error).message}.`)
  }
}

async function readClassNames(folder: string): Promise<string[]> {
  const text = (await readWhole(folder, cifar10NamesFile)).toString('utf8')
  const names = text.split('\n').flatMap((line) => line.trim() || [])
  if (names.length !== classCount) {
    throw new DatasetError(
      `${join(folder, cifar10NamesFile)} has ${names.length} class names instead of ${classCount}; ${fetchHint}.`,
    )
  }
  return names
}

async function readWhole(folder: string, file: string, expectedBytes?: number): Promise<Buffer> {
  const path = join(folder, file)
  try {
    // The size first, so that a wrong file of many gigabytes is refused unread.
    const { size } = await stat(path)
    if (expectedBytes !== undefined && size !== expectedBytes)
      throw new DatasetError(sizeMessage(path, size, expectedBytes))
    return await readFile(path)
  } catch (error) {
    if (error instanceof DatasetError) throw error
    if (isMissing(error)) throw new DatasetError(`${file} is missing in "${folder}"; ${fetchHint}.`)
    throw new DatasetError(`${path} cannot be read: ${(error as Error).message}.`)
  }
}

function sizeMessage(path: string, size: number, expected: number): string {
  const records = expected / recordBytes
  return size < expected
    ? `${path} is truncated: ${grouped(size)} bytes instead of ${grouped(expected)}, it ends in record ` +
        `${grouped(Math.floor(size / recordBytes) + 1)} of ${grouped(records)}; ${fetchHint}.`
    : `${path} is too large: ${grouped(size)} bytes instead of ${grouped(expected)}, so it is not ` +
        `${grouped(records)} records of ${grouped(recordBytes)} bytes; ${fetchHint}.`
}

/** One file's records, with its size and every label byte verified. */
async function readRecords(
  folder: string,
  file: string,
  { recordsPerFile = 10_000 }: Cifar10Options,
): Promise<Buffer> {
  const records = await readWhole(folder, file, recordsPerFile * recordBytes)
  for (let record = 0; record < recordsPerFile; record++) {
    const at = record * recordBytes
    if (records[at] >= classCount) {
      throw new DatasetError(
        `${join(folder, file)} has label ${records[at]} in record ${record + 1} (byte offset ${grouped(at)}), ` +
          `but labels are 0 to ${classCount - 1}; the file is damaged: ${fetchHint}.`,
      )
    }
  }
  return records
}

async function readImages(
  name: string,
  folder: string,
  files: string[],
  classes: string[],
  options: Cifar10Options,
): Promise<ImageSet> {
  const parts: Buffer[] = []
  for (const file of files) parts.push(await readRecords(folder, file, options))
  const count = parts.reduce((sum, part) => sum + part.length / recordBytes, 0)
  const set: ImageSet = {
    name,
    pixels: new Uint8Array(count * 3 * plane),
    labels: new Int32Array(count),
    count,
    height: side,
    width: side,
    classes,
  }
  let image = 0
  for (const part of parts) {
    for (let at = 0; at < part.length; at += recordBytes, image++) {
      set.labels[image] = part[at]
      interleave(part, at + 1, set.pixels, image * 3 * plane)
    }
  }
  return set
}

/** Planes R, G, B at `from` → interleaved RGB at `to`. */
function interleave(planes: Uint8Array, from: number, pixels: Uint8Array, to: number): void {
  for (let i = 0; i < plane; i++) {
    pixels[to + 3 * i] = planes[from + i]
    pixels[to + 3 * i + 1] = planes[from + plane + i]
    pixels[to + 3 * i + 2] = planes[from + 2 * plane + i]
  }
}
