/** Labels of ILSVRC's validation images where they lie beside each other, without folders for the classes. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DatasetError } from '../files/errors.js'

/** Kaggle's: lines such as `ILSVRC2012_val_00000001,n01751748 111 108 230 366`. */
const KAGGLE = 'LOC_val_solution.csv'
/** TF-Slim's: the synset of each image, one a line. */
const SLIM = 'imagenet_2012_validation_synset_labels.txt'
/** The development kit's: numbers of classes in an order of its own, which only its meta.mat tells. */
const DEVKIT = 'ILSVRC2012_validation_ground_truth.txt'

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
      .flatMap((folder) =>
        ['', 'data', join('ILSVRC2012_devkit_t12', 'data')].map((inside) => join(folder, inside, name)),
      )
      .find((path) => existsSync(path))
  const kaggle = find(KAGGLE)
  if (kaggle !== undefined) return { path: kaggle, synsets: await readKaggle(kaggle) }
  const slim = find(SLIM)
  if (slim !== undefined) return { path: slim, synsets: await readSlim(slim) }
  const devkit = find(DEVKIT)
  const found =
    devkit === undefined ? '' : ` ${devkit} numbers the classes in another order, which it does not tell.`
  throw new DatasetError(
    `The labels of the images in "${title}" are missing.${found} Put ${KAGGLE} (Kaggle's) or ${SLIM} (TF-Slim's) into ` +
      `"${folders[0]}", or move the images into a folder for each class.`,
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

const linesOf = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8')).trimEnd().split(/\r?\n/)

const wrongLine = (path: string, line: number, like: string): DatasetError =>
  new DatasetError(`Line ${line + 1} of ${path} is not such as "${like}"; download the file again.`)
