/** `toolkit datasets inspect` of images with one class each. */
import { imageNetClasses } from '../../../datasets/classification/imagenet-classes.js'
import { type ImageSources, openImageSources } from '../../../datasets/index.js'
import { inspectSources, type PartInspection } from '../../../datasets/sources/inspect.js'
import { liveLine } from '../../shared/live-line.js'
import { grouped } from '../../shared/text.js'
import { openingProgress } from '../shared/opening-progress.js'
import { textTable } from '../shared/text-table.js'
import { SHOWN, section } from './sections.js'

/** Classes that the text lists; JSON has all. */
const CLASSES_SHOWN = 100

export interface InspectImagesFlags {
  dataDir?: string
  verify?: boolean
  json?: boolean
}

/** Opens the data set, and prints what it has. */
export async function inspectImages(
  name: string,
  { dataDir, verify, json }: InspectImagesFlags,
): Promise<void> {
  const line = liveLine(process.stderr)
  const sources = await openImageSources(name, { dataDir, onProgress: openingProgress(line) }).finally(
    line.end,
  )
  const onProgress = (part: string, done: number, count: number): void =>
    line.show(() => `${part}  ${grouped(done)} of ${grouped(count)} decoded`, done === count)
  const parts = await inspectSources(sources, { verify, onProgress }).finally(line.end)
  const { classes, warnings } = sources
  if (json) console.log(JSON.stringify({ data: name, classes, parts, warnings }))
  else console.log(describe(name, sources, parts).join('\n'))
}

function describe(name: string, { classes, warnings }: ImageSources, parts: PartInspection[]): string[] {
  const cells = parts.map(({ part, images, shards, perClass }) => [
    part,
    grouped(images),
    grouped(Math.min(...perClass)),
    grouped(Math.max(...perClass)),
    shards === 0 ? '' : grouped(shards),
  ])
  const names = peopleNames(classes)
  const rows = names
    .slice(0, CLASSES_SHOWN)
    .map((title, i) => [title, ...parts.map(({ perClass }) => grouped(perClass[i]))])
  const more = classes.length - rows.length
  return [
    name,
    ...textTable([['part', 'images', 'fewest per class', 'most', 'shards'], ...cells], 1),
    '',
    ...textTable([[`${grouped(classes.length)} classes`, ...parts.map(({ part }) => part)], ...rows], 1),
    ...(more > 0 ? [`… and ${grouped(more)} more (--json has all)`] : []),
    ...parts.flatMap(({ part, unreadable }) => {
      if (unreadable === null) return []
      const shown = unreadable.slice(0, SHOWN).map(({ path, reason }) => `${path} (${reason})`)
      return section(`images of ${part} that do not decode`, unreadable.length, shown)
    }),
    ...warnings.map((warning) => `note: ${warning}`),
  ]
}

/** Synsets with what they mean. */
function peopleNames(classes: readonly string[]): string[] {
  const { synsets, labels } = imageNetClasses()
  const meanings = new Map(synsets.map((synset, i) => [synset, labels[i]]))
  return classes.map((name) => (meanings.has(name) ? `${name} ${meanings.get(name)}` : name))
}
