/** ILSVRC's validation images where they have no folders for their classes: in one folder, or in one tar. */
import { dirname, join } from 'node:path'
import type { ImageSource } from '../classification/image-source.js'
import { DatasetError } from '../files/errors.js'
import { count } from '../files/left-out.js'
import { fileSource } from './file-source.js'
import { nameAt } from './packed-names.js'
import { selectFromSource } from './split-source.js'
import type { TarIndex } from './tar-images.js'
import { tarSource } from './tar-source.js'
import { readValidationLabels, type ValidationLabels, validationNumber } from './validation-labels.js'

export interface LabelledValidation {
  source: ImageSource
  notes: string[]
}

/**
 * @param folders Where the labels are looked for
 * @throws DatasetError when there are no labels, or not of all images
 */
export async function flatValidation(
  { name, place, images, classes }: { name: string; place: string; images: string[]; classes: string[] },
  folders: readonly string[],
): Promise<LabelledValidation> {
  const labels = await readValidationLabels(place, folders)
  const labelOf = labelling(labels, classes)
  const files = images.map((image) => ({
    name: image,
    path: join(place, image),
    classId: labelOf(image, join(place, image)),
  }))
  return known(fileSource(name, place, classes, files), labels)
}

/** As `flatValidation`, of a tar. */
export async function tarValidation(
  { name, path, index, classes }: { name: string; path: string; index: TarIndex; classes: string[] },
  folders: readonly string[],
): Promise<LabelledValidation> {
  const validation = await readValidationLabels(path, [...folders, dirname(path)])
  const labelOf = labelling(validation, classes)
  const [{ images }] = index.parts
  const labels = Int32Array.from(images.labels, (_, i) => {
    const image = nameAt(images.names, i)
    return labelOf(image, `${path}: ${image}`)
  })
  return known(tarSource(name, classes, [{ path, images }], labels), validation)
}

/** The label of an image by its name; −1 for a class that is not in train. */
function labelling({ path, synsets }: ValidationLabels, classes: readonly string[]) {
  const ids = new Map(classes.map((synset, i) => [synset, i]))
  return (name: string, title: string): number => {
    const number = validationNumber(name)
    const synset = number === null ? undefined : synsets.get(number)
    if (synset === undefined)
      throw new DatasetError(
        `${path} has no label for ${title}; remove the image, or download the labels again.`,
      )
    return ids.get(synset) ?? -1
  }
}

/** Without the images of classes that train does not have, as where train is a subset of ImageNet. */
function known(source: ImageSource, { path }: ValidationLabels): LabelledValidation {
  const indices = Uint32Array.from(source.labels.keys()).filter((i) => source.labels[i] >= 0)
  const others = source.count - indices.length
  if (indices.length === 0)
    throw new DatasetError(
      `None of the validation images is of a class of train: ${path} names other classes than the folders of train.`,
    )
  if (others === 0) return { source, notes: [] }
  return {
    source: selectFromSource(source, indices, source.name),
    notes: [`${count(others, 'validation image')} of classes that train does not have are left out.`],
  }
}
