/** The names of the classes that shards number. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { imageNetClasses } from '../classification/imagenet-classes.js'
import { DatasetError } from '../files/errors.js'

/** Files with one name a line, beside the shards or in the folder above them. */
const files = ['classes.txt', 'labels.txt', 'class_names.txt', 'classnames.txt']

export interface ShardClasses {
  classes: string[]
  /** Where the names are from, for messages. */
  origin: string
  notes: string[]
}

/**
 * The names from a file; else those of ImageNet where there are 1,000 classes; else the numbers as names.
 *
 * @param highest The highest label of the training images
 * @throws DatasetError when the file has no names or one twice
 */
export async function shardClasses(places: readonly string[], highest: number): Promise<ShardClasses> {
  for (const place of places)
    for (const name of files) {
      const path = join(place, name)
      if (existsSync(path)) return { classes: await readNames(path), origin: path, notes: [] }
    }
  const count = highest + 1
  const origin = `the highest label in train is ${highest}`
  const { synsets } = imageNetClasses()
  if (count === synsets.length)
    return {
      classes: [...synsets],
      origin,
      notes: [
        `There is no ${files[0]} beside the shards in "${places[0]}": their 1,000 classes are taken for ImageNet's.`,
      ],
    }
  return { classes: Array.from({ length: count }, (_, i) => String(i)), origin, notes: [] }
}

/** Folders to look for the names in: those of the shards, and the one above them. */
export const placesOfNames = (folder: string, shards: readonly { path: string }[]): string[] => [
  ...new Set([folder, ...shards.map(({ path }) => dirname(path)), dirname(folder)]),
]

async function readNames(path: string): Promise<string[]> {
  const names = (await readFile(path, 'utf8'))
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
  while (names.at(-1) === '') names.pop()
  const empty = names.indexOf('')
  if (names.length === 0 || empty >= 0)
    throw new DatasetError(
      names.length === 0
        ? `${path} is empty; write the names of the classes there, one a line, or remove it.`
        : `${path} has no name in line ${empty + 1}; write one name a line, in the order of the labels.`,
    )
  const twice = names.findIndex((name, i) => names.indexOf(name) < i)
  if (twice >= 0)
    throw new DatasetError(`${path} has the name "${names[twice]}" twice; give each class a name of its own.`)
  return names
}
