/** Fingerprints of data sets for classification. */
import { join } from 'node:path'
import { fingerprintOfSizes } from '../files/file-sizes.js'
import {
  changeOfFiles,
  type FilesFingerprint,
  fileFingerprint,
  filesFingerprint,
  type NamedFile,
} from '../files/fingerprint.js'
import { cifar10TestFile, cifar10TrainFiles } from './cifar10.js'
import type { ClassFolders, PartName } from './class-folders.js'

/** Of each part of a data set that brings it. */
export interface DataFingerprint {
  train: FilesFingerprint
  validation?: FilesFingerprint
  test?: FilesFingerprint
}

/** Of class folders: names and sizes of their images. */
export async function classFoldersFingerprint({
  parts,
}: Pick<ClassFolders, 'parts'>): Promise<DataFingerprint> {
  const { train, ...others } = await classPartsFingerprint(parts)
  return { train: train!, ...others }
}

/**
 * Of those parts that are there.
 *
 * @param onFile Called after each file
 */
export async function classPartsFingerprint(
  parts: Partial<ClassFolders['parts']>,
  onFile?: () => void,
): Promise<Partial<DataFingerprint>> {
  const fingerprint: Partial<DataFingerprint> = {}
  for (const part of ['train', 'validation', 'test'] as const) {
    const files = parts[part]?.files
    if (files !== undefined) fingerprint[part] = await fingerprintOfSizes(files, onFile)
  }
  return fingerprint
}

/** Of CIFAR-10's files by their contents, since all versions have the same sizes. */
export async function cifar10Fingerprint(folder: string): Promise<DataFingerprint> {
  const hashed = async (name: string): Promise<NamedFile> => ({
    name,
    ...(await fileFingerprint(join(folder, name))),
  })
  return {
    train: filesFingerprint(await Promise.all(cifar10TrainFiles.map(hashed))),
    test: filesFingerprint([await hashed(cifar10TestFile)]),
  }
}

/**
 * How the given parts of a data set differ from what they were, as half a sentence.
 *
 * @returns null when they are the same
 */
export function changeOfData(
  before: DataFingerprint,
  now: DataFingerprint,
  parts: readonly PartName[] = ['train', 'validation'],
): string | null {
  const changes = parts.flatMap((part) => {
    const [then, today] = [before[part], now[part]]
    if (then === undefined) return today === undefined ? [] : [`there are ${part} images now`]
    if (today === undefined) return [`the ${part} images are missing`]
    return changeOfFiles(then, today, `${part} image`) ?? []
  })
  return changes.length === 0 ? null : changes.join(', and ')
}
