import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Entry, writeTar } from './tar-writer.js'

/** Content of an image that nobody decodes: its own name. */
export const sample = (key: string, label: number | string, ending = 'jpg'): Entry[] => [
  { name: `${key}.${ending}`, content: `image ${key}` },
  { name: `${key}.cls`, content: String(label) },
]

/** A shard with one sample for each label, named `<prefix>0`, `<prefix>1` and so on. */
export const shardOf = (labels: readonly number[], prefix = 's'): Buffer =>
  writeTar(labels.flatMap((label, i) => sample(`${prefix}${i}`, label)))

/** Writes files, and the folders that they lie in. */
export async function writeFiles(
  folder: string,
  files: Record<string, string | Uint8Array>,
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return folder
}
