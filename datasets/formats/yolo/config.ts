/** What says where a YOLO data set's images are, and what its classes are called: data.yaml, or Darknet's files. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { parse } from 'yaml'
import { WHOLE } from '../../annotated/annotated-set.js'
import { DatasetError } from '../../files/errors.js'

export interface YoloConfig {
  /** Index = class. */
  names: string[]
  /** Folders and lists of images of each part, as paths that exist. */
  parts: { name: string; places: string[] }[]
  /** Numbers of one keypoint (2 or 3) and how many there are, in sets of poses. */
  keypoints?: [count: number, numbers: number]
  warnings: string[]
}

/** Keys of data.yaml, and the parts that they are. */
const PARTS: Record<string, string> = {
  train: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
}

/**
 * Reads Ultralytics' data.yaml: `path`, `train`, `val`, `test` (folders, or lists of images), `names` as a list or a map,
 * `nc`.
 *
 * @throws DatasetError for a file that is no YAML, or names no classes or no images
 */
export async function readDataYaml(file: string): Promise<YoloConfig> {
  const data = parseYaml(await readFile(file, 'utf8'), file)
  const warnings: string[] = []
  const names = namesOf(data, file, warnings)
  const root = rootOf(data.path, file, warnings)
  const parts = Object.keys(PARTS).flatMap((key) => {
    const values = [data[key] ?? []].flat().filter((value) => typeof value === 'string' && value !== '')
    if (values.length === 0) return []
    const places = (values as string[]).flatMap((value) => {
      const place = placeOf(root, value, file)
      if (place === undefined)
        warnings.push(`"${file}" names ${value} for ${key}, but there is nothing of that name: left out.`)
      return place ?? []
    })
    return places.length > 0 ? [{ name: PARTS[key], places }] : []
  })
  if (parts.length === 0)
    throw new DatasetError(
      `"${file}" names no images that are there: it needs train: or val: with a folder or a list of images.` +
        warnings.map((warning) => ` ${warning}`).join(''),
    )
  const shape = Array.isArray(data.kpt_shape) ? (data.kpt_shape as number[]) : undefined
  return {
    names,
    parts: withoutRepeated(parts, file, warnings),
    ...(shape?.length === 2 && { keypoints: [shape[0], shape[1]] as [number, number] }),
    warnings,
  }
}

/** Whether a YAML text is one of a data set, by its keys. */
export const looksLikeDataYaml = (text: string): boolean =>
  /^\s*['"]?(names|nc)['"]?\s*:/m.test(text) && /^\s*['"]?(train|val|valid|test)['"]?\s*:/m.test(text)

function parseYaml(text: string, file: string): Record<string, unknown> {
  let data: unknown
  try {
    data = parse(text)
  } catch (error) {
    const [reason] = (error as Error).message.split('\n')
    throw new DatasetError(`"${file}" is not YAML: ${reason.replace(/:$/, '')}.`)
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new DatasetError(`"${file}" must hold keys with values, such as names: and train:.`)
  return data as Record<string, unknown>
}

function namesOf({ names, nc }: Record<string, unknown>, file: string, warnings: string[]): string[] {
  const wanted = typeof nc === 'number' ? nc : undefined
  if (names === undefined || names === null) {
    if (wanted === undefined || !Number.isInteger(wanted) || wanted < 1)
      throw new DatasetError(`"${file}" has no names: list the classes as names: [cat, dog].`)
    warnings.push(`"${file}" has no names; the classes are called class_0 to class_${wanted - 1}.`)
    return Array.from({ length: wanted }, (_, i) => `class_${i}`)
  }
  const list = Array.isArray(names) ? names.map((name) => String(name)) : mapped(names, file)
  if (list.length === 0) throw new DatasetError(`"${file}" has an empty list of names; name the classes.`)
  if (wanted !== undefined && wanted !== list.length)
    warnings.push(`"${file}" says nc: ${wanted}, but has ${list.length} names; the names are taken.`)
  return list
}

function mapped(names: unknown, file: string): string[] {
  const entries = typeof names === 'object' ? Object.entries(names as Record<string, unknown>) : []
  const list: string[] = []
  for (const [key, name] of entries) list[Number(key)] = String(name)
  if (entries.length === 0 || list.length !== entries.length || list.includes(undefined as never))
    throw new DatasetError(
      `The names in "${file}" must be a list, or a map from 0, 1, 2, … without gaps to the classes' names.`,
    )
  return list
}

/** The folder that the other paths begin at: `path` beside the file, or in the working directory, or the file's folder. */
function rootOf(path: unknown, file: string, warnings: string[]): string {
  const beside = dirname(file)
  if (typeof path !== 'string' || path === '') return beside
  const found = [join(beside, path), path].find((place) => existsSync(place))
  const absolute = path.startsWith('/') && existsSync(path) ? path : found
  if (absolute === undefined)
    warnings.push(`"${file}" says path: ${path}, which does not exist; its images are looked for beside it.`)
  return absolute ?? beside
}

/** Where a folder or list is. Roboflow writes ../train/images for what lies in train/images. */
function placeOf(root: string, value: string, file: string): string | undefined {
  const plain = value.replaceAll('\\', '/')
  const tried = [
    ...(plain.startsWith('/') ? [plain] : []),
    join(root, plain),
    join(root, plain.replace(/^(\.\.\/)+/, '')),
    join(dirname(file), basename(plain)),
  ]
  return tried.find((place) => existsSync(place))
}

/** Sets for a first try name the same images for train and val: they are not split, then. */
function withoutRepeated(parts: YoloConfig['parts'], file: string, warnings: string[]): YoloConfig['parts'] {
  const key = ({ places }: YoloConfig['parts'][number]): string => places.join('\n')
  const once = parts.filter((part, i) => parts.findIndex((other) => key(other) === key(part)) === i)
  if (once.length === parts.length) return parts
  const only = once.length === 1
  warnings.push(
    `"${file}" names the same images for several parts (${parts.map(({ name }) => name).join(', ')}); they are taken ` +
      `once${only ? ', as a set that is not split' : `, as ${once[0].name}`}.`,
  )
  return only ? [{ ...once[0], name: WHOLE }] : once
}

/**
 * Reads Darknet's `obj.data`: lines such as `train = data/train.txt`, `names = data/obj.names`.
 *
 * @throws DatasetError where the names or all lists are missing
 */
export async function readDarknetData(file: string): Promise<YoloConfig> {
  const fields = new Map(
    (await readFile(file, 'utf8'))
      .split(/\r?\n/)
      .map((line) => /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line))
      .flatMap((match): [string, string][] => (match === null ? [] : [[match[1], match[2]]])),
  )
  const place = (key: string): string | undefined => {
    const value = fields.get(key)
    return value === undefined ? undefined : placeOf(dirname(dirname(file)), value, file)
  }
  const names = place('names')
  if (names === undefined)
    throw new DatasetError(`"${file}" names no file of class names that exists; write names = obj.names.`)
  const parts = ['train', 'valid', 'test'].flatMap((key) => {
    const list = place(key)
    return list === undefined ? [] : [{ name: PARTS[key], places: [list] }]
  })
  if (parts.length === 0)
    throw new DatasetError(`"${file}" names no list of images that exists; write train = train.txt.`)
  const warnings: string[] = []
  return { names: await readNames(names), parts: withoutRepeated(parts, file, warnings), warnings }
}

/**
 * Names of classes, one a line.
 *
 * @throws DatasetError for a file without any
 */
export async function readNames(file: string): Promise<string[]> {
  const names = (await readFile(file, 'utf8'))
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
  while (names.at(-1) === '') names.pop()
  if (names.length === 0)
    throw new DatasetError(`"${file}" is empty; it must hold a class name on each line.`)
  return names
}
