/** YOLO data sets: images with a text file of labels each, and a file that names the classes. */
import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type AnnotatedSet, assembleSet, type ReadImage, shortest } from '../../annotated/annotated-set.js'
import { imageSizes } from '../../annotated/image-size.js'
import { type Kind, Notes } from '../../annotated/notes.js'
import { partOf } from '../../annotated/part-of.js'
import type { ReadOptions } from '../../annotated/read-options.js'
import { DatasetError, isMissing } from '../../files/errors.js'
import { fileTree, isImageName } from '../../files/image-files.js'
import { inParallel } from '../../files/parallel.js'
import { readDarknetData, readDataYaml, readNames, type YoloConfig } from './config.js'
import { OUT_OF_RANGE, parseLabels } from './labels.js'

const MISSING: Kind = [
  'image of a list is not there and is left out',
  'images of a list are not there and are left out',
]

/** Label files that are read in parallel. */
const PARALLEL = 16

/**
 * Reads a data set from its data.yaml, from Darknet's .data file, or from a folder with one of them, or with
 * `classes.txt` or a `.names` file. An image without a label file has no objects.
 *
 * @throws DatasetError when the classes or all labels are missing, or most labels are not parts of the image's size
 */
export async function readYolo(from: string, { onProgress }: ReadOptions = {}): Promise<AnnotatedSet> {
  const config = await configOf(from)
  const notes = new Notes()
  const listed = await listImages(config, notes)
  if (listed.length === 0) throw new DatasetError(`"${from}" names no image that is there.`)
  const labels = listed.map(({ path }) => labelFile(path))
  if (labels.every((file) => file === undefined)) {
    const [wanted] = labelPaths(listed[0].path)
    throw new DatasetError(
      `None of the ${listed.length} images of "${from}" has a label file; the first would be ${wanted}.`,
    )
  }
  const sizes = await imageSizes(
    listed.map(({ path }) => path),
    notes,
    onProgress,
  )
  const images: ReadImage[] = []
  let lines = 0
  const options = { classes: config.names.length, keypoints: config.keypoints }
  await inParallel(listed.entries(), PARALLEL, async ([i, { path, part }]) => {
    const [size, file] = [sizes[i], labels[i]]
    if (size === undefined) return
    const text = file === undefined ? '' : await readFile(file, 'utf8')
    lines += text.split('\n').filter((line) => line.trim() !== '').length
    const objects = parseLabels(text, file ?? '', size, options, notes)
    images.push({ part, path, ...size, objects })
  })
  if (notes.count(OUT_OF_RANGE) * 2 > lines)
    throw new DatasetError(
      `${notes.count(OUT_OF_RANGE)} of the ${lines} lines of labels of "${from}" have values outside 0 to 1; YOLO's ` +
        'boxes are centre and size as parts of the width and height, not pixels.',
    )
  const without = labels.filter((file) => file === undefined).length
  return assembleSet('yolo', from, {
    images,
    names: config.names,
    warnings: [
      ...config.warnings,
      ...notes.sentences(),
      ...(without > 0
        ? [
            `${without} of ${labels.length} images have no label file and are taken as images without objects.`,
          ]
        : []),
    ],
  })
}

async function configOf(from: string): Promise<YoloConfig> {
  if (statSync(from).isFile()) return from.endsWith('.data') ? readDarknetData(from) : readDataYaml(from)
  const { files } = await fileTree(from)
  const top = (pattern: RegExp): string | undefined =>
    files.filter((name) => pattern.test(name)).sort((a, b) => depth(a) - depth(b))[0]
  const yaml = top(/^data\.ya?ml$/i) ?? top(/^[^/]+\.ya?ml$/i)
  if (yaml !== undefined) return readDataYaml(join(from, yaml))
  const data = top(/(^|\/)[^/]+\.data$/)
  if (data !== undefined) return readDarknetData(join(from, data))
  const names = top(/(^|\/)(classes\.txt|[^/]+\.names)$/)
  if (names === undefined)
    throw new DatasetError(
      `"${from}" has no data.yaml, classes.txt or .names file; name the classes in one of them.`,
    )
  const parts = new Map<string, string[]>()
  for (const file of files.filter(isImageName)) {
    const part = partOf(file)
    parts.set(part, [...(parts.get(part) ?? []), join(from, file)])
  }
  return {
    names: await readNames(join(from, names)),
    parts: [...parts].map(([name, places]) => ({ name, places })),
    warnings: [],
  }
}

const depth = (path: string): number => path.split('/').length

interface Listed {
  path: string
  part: string
}

/** The images of all parts; each once in a part. */
async function listImages({ parts }: YoloConfig, notes: Notes): Promise<Listed[]> {
  const listed: Listed[] = []
  for (const { name: part, places } of parts) {
    const paths = new Set<string>()
    for (const place of places) {
      if (statSync(place).isDirectory()) {
        const { files } = await fileTree(place)
        for (const file of files.filter(isImageName)) paths.add(shortest(resolve(place, file)))
      } else if (isImageName(place)) paths.add(shortest(place))
      else
        for (const line of (await readFile(place, 'utf8')).split(/\r?\n/)) {
          const name = line.trim().replaceAll('\\', '/')
          if (name === '') continue
          const path = listedImage(place, name)
          if (path === undefined) notes.add(MISSING, `${name} in ${place}`)
          else paths.add(shortest(path))
        }
    }
    for (const path of [...paths].sort()) listed.push({ path, part })
  }
  return listed
}

/** An image that a list names: absolute, or relative to the list's folder, one above it, or the working directory. */
function listedImage(list: string, name: string): string | undefined {
  const folder = dirname(list)
  return [
    ...(name.startsWith('/') ? [name] : []),
    join(folder, name),
    join(dirname(folder), name),
    name,
  ].find((path) => existsSync(path))
}

/** Where the labels of an image may be: in labels/ instead of the last images/ of its path, or beside it. */
function labelPaths(image: string): string[] {
  const beside = image.replace(/\.[^./\\]+$/, '.txt')
  const absolute = resolve(beside).replaceAll('\\', '/')
  const at = absolute.lastIndexOf('/images/')
  const apart = at < 0 ? [] : [`${absolute.slice(0, at)}/labels/${absolute.slice(at + '/images/'.length)}`]
  return [...apart.map(shortest), beside]
}

function labelFile(image: string): string | undefined {
  return labelPaths(image).find((path) => {
    try {
      return statSync(path).isFile() && basename(path) !== 'classes.txt'
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  })
}
