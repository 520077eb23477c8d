/** Labels of ILSVRC's validation images where they lie beside each other, without folders for the classes. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DatasetError } from '../files/errors.js'
import { readMatStructs } from './mat-structs.js'

/** Kaggle's: lines such as `ILSVRC2012_val_00000001,n01751748 111 108 230 366`. */
const KAGGLE = 'LOC_val_solution.csv'
/** TF-Slim's: the synset of each image, one a line. */
const SLIM = 'imagenet_2012_validation_synset_labels.txt'
/** The development kit's: numbers of classes in an order of its own, and what these numbers stand for. */
const DEVKIT = 'ILSVRC2012_validation_ground_truth.txt'
const META = 'meta.mat'

/** Where the files lie in a folder: as in the development kit too. */
const nested = ['', 'data', join('ILSVRC2012_devkit_t12', 'data')]

export interface ValidationLabels {
  path: string
  /** Synsets by the number of the image. */
  synsets: Map<number, string>
}

/** The number of a validation image, from 1; null for other names. */
export function validationNumber(name: string): number | null {
  const match = /^ILSVRC2012_val_(\d{8})(\.[a-z]+)?$/i.exec(basename(name))
  return match && Number(match[1])
}

/**
 * Reads the labels from the first file that is there.
 *
 * @param title Of the images, for messages
 * @param folders Where to look
 * @throws DatasetError when there is none, or it is damaged
 */
export async function readValidationLabels(
  title: string,
  folders: readonly string[],
): Promise<ValidationLabels> {
  const find = (name: string): string | undefined =>
    folders
      .flatMap((folder) => nested.map((inside) => join(folder, inside, name)))
      .find((path) => existsSync(path))
  const kaggle = find(KAGGLE)
  if (kaggle !== undefined) return { path: kaggle, synsets: await readKaggle(kaggle) }
  const slim = find(SLIM)
  if (slim !== undefined) return { path: slim, synsets: await readSlim(slim) }
  const devkit = find(DEVKIT)
  const meta = find(META)
  if (devkit !== undefined && meta !== undefined)
    return { path: devkit, synsets: await readDevkit(devkit, meta) }
  const found =
    devkit === undefined ? '' : ` ${devkit} is of no use without the development kit's ${META} beside it.`
  throw new DatasetError(
    `The labels of the images in "${title}" are missing.${found} Put ${KAGGLE} (Kaggle's), ${SLIM} (TF-Slim's) or the ` +
      `folder ILSVRC2012_devkit_t12 (image-net.org's) into "${folders[0]}", or move the images into a folder for each class.`,
  )
}

async function readKaggle(path: string): Promise<Map<number, string>> {
  const synsets = new Map<number, string>()
  for (const [i, line] of (await linesOf(path)).entries()) {
    const match = /^"?(ILSVRC2012_val_\d{8})"?,"?(n\d{8})\b/.exec(line)
    if (match === null && i === 0) continue
    if (match === null) throw wrongLine(path, i, 'ILSVRC2012_val_00000001,n01751748 …')
    synsets.set(validationNumber(match[1])!, match[2])
  }
  return synsets
}

async function readSlim(path: string): Promise<Map<number, string>> {
  const lines = await linesOf(path)
  const wrong = lines.findIndex((line) => !/^n\d{8}$/.test(line))
  if (wrong >= 0) throw wrongLine(path, wrong, 'n01751748')
  return new Map(lines.map((synset, i) => [i + 1, synset]))
}

async function readDevkit(path: string, meta: string): Promise<Map<number, string>> {
  const known = await readMeta(meta)
  const synsets = (await linesOf(path)).map((line, i) => {
    const synset = known.get(Number(line))
    if (synset === undefined) throw wrongLine(path, i, '490, the number of a class in meta.mat')
    return [i + 1, synset] as const
  })
  return new Map(synsets)
}

/** Synsets by the numbers that the development kit gives them. */
async function readMeta(path: string): Promise<Map<number, string>> {
  const file = await readFile(path)
  const found = new Map<number, string>()
  try {
    for (const { ILSVRC2012_ID: id, WNID: synset } of readMatStructs(file, 'synsets') ?? [])
      if (typeof id === 'number' && typeof synset === 'string') found.set(id, synset)
  } catch (error) {
    throw new DatasetError(
      `${path} is damaged, or no MATLAB file of version 5; unpack the development kit again.`,
      {
        cause: error,
      },
    )
  }
  if (found.size === 0)
    throw new DatasetError(`${path} has no classes under "synsets"; take the one of ILSVRC2012_devkit_t12.`)
  return found
}

const linesOf = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8')).trimEnd().split(/\r?\n/)

const wrongLine = (path: string, line: number, like: string): DatasetError =>
  new DatasetError(`Line ${line + 1} of ${path} is not such as "${like}"; download the file again.`)
