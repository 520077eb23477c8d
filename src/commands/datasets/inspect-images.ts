/** `toolkit datasets inspect` of images with one class each. */
import { imageNetClasses } from '../../../datasets/classification/imagenet-classes.js'
import { classTrainingNotes } from '../../../datasets/classification/training-notes.js'
import { type ImageSources, openImageSources } from '../../../datasets/index.js'
import { inspectSources, type PartInspection } from '../../../datasets/sources/inspect.js'
import { partNames } from '../../../datasets/sources/opened.js'
import { imageInput } from '../../../datasets/sources/read-image.js'
import { findLeaks, type Leak } from '../../../datasets/splitting/leaks.js'
import { liveLine } from '../../shared/live-line.js'
import { grouped } from '../../shared/text.js'
import { withProgress } from '../shared/open-annotations.js'
import { openingProgress } from '../shared/opening-progress.js'
import { textTable } from '../shared/text-table.js'
import { leakNote } from './inspection-text.js'
import { SHOWN, section } from './sections.js'

/** Classes that the text lists; JSON has all. */
const CLASSES_SHOWN = 100
/** Images that are compared with each other: more take longer than to decode them. */
const MOST_COMPARED = 50_000

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
  const leaks = verify ? await leaksOf(sources) : null
  const { classes, warnings } = sources
  const training = classTrainingNotes(classes, parts[0].perClass)
  if (json) console.log(JSON.stringify({ data: name, classes, parts, leaks, training, warnings }))
  else console.log(describe(name, sources, parts, [...(leaks ?? []).map(leakNote), ...training]).join('\n'))
}

/** Images that the parts share, or nearly so; null: they are too many to be compared. */
async function leaksOf(sources: ImageSources): Promise<Leak[] | null> {
  const parts = partNames.flatMap((name) => {
    const source = sources[name]
    if (source === undefined) return []
    const places = Array.from({ length: source.count }, (_, i) => source.place(i))
    const images = places.map((place) => () => imageInput(place))
    return [{ name, paths: places.map(({ title }) => title), images }]
  })
  const total = parts.reduce((sum, { paths }) => sum + paths.length, 0)
  if (parts.length < 2) return []
  if (total > MOST_COMPARED) return null
  return withProgress('images compared', (onProgress) => findLeaks(parts, onProgress))
}

function describe(
  name: string,
  { classes, warnings }: ImageSources,
  parts: PartInspection[],
  notes: readonly string[],
): string[] {
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
    ...[...warnings, ...notes].map((note) => `note: ${note}`),
  ]
}

/** Synsets with what they mean. */
function peopleNames(classes: readonly string[]): string[] {
  const { synsets, labels } = imageNetClasses()
  const meanings = new Map(synsets.map((synset, i) => [synset, labels[i]]))
  return classes.map((name) => (meanings.has(name) ? `${name} ${meanings.get(name)}` : name))
}
