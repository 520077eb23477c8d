/** Indexes of ILSVRC's own tar files: train is a tar of one tar for each class, validation a tar of images. */
import { basename } from 'node:path'
import { DatasetError } from '../files/errors.js'
import { isImageName, isSystemName } from '../files/image-files.js'
import { type FileWindow, openWindow } from './file-window.js'
import { type FoundImage, type IndexOptions, type TarImages, type TarIndex, tarImages } from './tar-images.js'
import { type TarMember, type TarRange, tarMembers } from './tar-members.js'

/**
 * The images of a tar of tars, class by class; labels are the places of the synsets, sorted.
 *
 * @throws DatasetError for a damaged file, one without classes, or a class without images
 */
export async function indexTarOfClasses(path: string, options: IndexOptions = {}): Promise<TarIndex> {
  const window = await openWindow(path)
  try {
    const classes: { synset: string; member: TarMember }[] = []
    for await (const member of tarMembers(window)) {
      const synset = /^(n\d{8})\.tar$/.exec(basename(member.name))?.[1]
      if (synset === undefined)
        throw new DatasetError(
          `${path} holds "${member.name}", where a tar of one class such as n01440764.tar must be; download it again.`,
        )
      classes.push({ synset, member })
    }
    if (classes.length === 0) throw new DatasetError(`${path} holds no classes; download it again.`)
    const sorted = classes.map(({ synset }) => synset).sort()
    const parts: TarIndex['parts'] = []
    for (const { synset, member } of classes) {
      const range = {
        title: `${path}: ${member.name}`,
        from: member.offset,
        to: member.offset + member.bytes,
      }
      parts.push({ name: synset, images: await imagesIn(window, range, sorted.indexOf(synset), options) })
    }
    return { parts, notes: [] }
  } finally {
    await window.close()
  }
}

/** The images of a tar without labels. */
export async function indexTarOfImages(path: string, options: IndexOptions = {}): Promise<TarIndex> {
  const window = await openWindow(path)
  try {
    const range = { title: path, from: 0, to: window.size }
    return { parts: [{ name: '', images: await imagesIn(window, range, -1, options) }], notes: [] }
  } finally {
    await window.close()
  }
}

async function imagesIn(
  window: FileWindow,
  range: TarRange,
  label: number,
  { signal, onBytes }: IndexOptions,
): Promise<TarImages> {
  const found: FoundImage[] = []
  for await (const { name, offset, bytes } of tarMembers(window, range)) {
    signal?.throwIfAborted()
    if (!isImageName(name) || isSystemName(basename(name))) continue
    if (bytes === 0)
      throw new DatasetError(`${range.title}: "${name}" is empty (0 bytes); download it again.`)
    found.push({ name, offset, bytes, label })
    onBytes?.(offset + bytes)
  }
  if (found.length === 0) throw new DatasetError(`${range.title} holds no images; download it again.`)
  return tarImages(found)
}
