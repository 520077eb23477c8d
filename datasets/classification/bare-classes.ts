/** Class folders without a folder of a part around them: `photos/<class>/*.jpg`. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { entriesOf, fileTree, isImageName } from '../files/image-files.js'
import { partOfFolder } from './class-part.js'

/**
 * The names of the class folders that lie in `folder` itself, sorted: folders with images, at least one of them directly
 * below. A folder that is named for a part is none, except `train` with images alone beside other classes, which is a
 * vehicle then.
 *
 * @returns null where there are none, and where a folder of a part has class folders
 */
export async function bareClasses(folder: string): Promise<string[] | null> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return null
  const classes: string[] = []
  const trains: string[] = []
  let direct = false
  for (const { name } of (await entriesOf(folder)).folders) {
    const part = partOfFolder(name)
    const inside = await entriesOf(join(folder, name))
    const hasImages = inside.files.some(isImageName)
    if (part !== undefined && inside.folders.length > 0) return null
    if (part === 'train' && hasImages) trains.push(name)
    if (part !== undefined) continue
    direct ||= hasImages
    if (hasImages || (await fileTree(join(folder, name))).files.some(isImageName)) classes.push(name)
  }
  return direct ? [...classes, ...trains].sort() : null
}
