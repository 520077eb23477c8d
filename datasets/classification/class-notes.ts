/** Notes on class folders that are probably a mistake, in sentences for the user. */
import type { FileIdentity } from '../files/image-files.js'
import { count, listed } from '../files/left-out.js'

/** The class folders of a part. */
interface Classes {
  place: string
  classes: readonly { name: string; identity: FileIdentity }[]
}

/** Reports classes of train that a part has no images of. */
export function lacking(
  { place, files }: { place: string; files: readonly { classId: number }[] },
  classes: readonly string[],
): string[] {
  const labels = files.map(({ classId }) => classId)
  return lackingClasses(`"${place}"`, { classes, labels })
}

/** Reports classes that none of the labels is. */
export function lackingClasses(
  title: string,
  { classes, labels }: { classes: readonly string[]; labels: Iterable<number> },
): string[] {
  const shown = new Set(labels)
  const missing = classes.filter((_, classId) => !shown.has(classId))
  if (missing.length === 0) return []
  return [`${title} has no images of ${missing.length} of the ${classes.length} classes: ${listed(missing)}.`]
}

/** Reports classes whose names are easily confused. */
export function alike({ place, classes }: Classes): string[] {
  return groups(classes, ({ name }) => name.normalize('NFC').toLowerCase()).flatMap((group) =>
    group.length < 2
      ? []
      : [
          `${count(group.length, 'class', 'classes')} in "${place}" have names that differ only in case or Unicode ` +
            `form: ${listed(group.map(({ name }) => name))}; if they are one, put their images into one folder.`,
        ],
  )
}

/** Reports classes whose folders are one and the same by links. */
export function sameFolders({ place, classes }: Classes): string[] {
  return groups(classes, ({ identity }) => identity).flatMap((group) =>
    group.length < 2
      ? []
      : [`The classes ${listed(group.map(({ name }) => name))} in "${place}" are the same folder by links.`],
  )
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const byKey = new Map<string, T[]>()
  for (const item of items) byKey.set(keyOf(item), [...(byKey.get(keyOf(item)) ?? []), item])
  return [...byKey.values()]
}
