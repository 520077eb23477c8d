import { join } from 'node:path'
import { Command, Option } from '@commander-js/extra-typings'
import {
  type AnnotatedSet,
  type FormatName,
  formats,
  formatTitles,
} from '../../../datasets/annotated/annotated-set.js'
import { selectCategories } from '../../../datasets/detection/select-categories.js'
import { refuseFull } from '../../../datasets/files/new-folder.js'
import { openAnnotations } from '../../../datasets/formats/open.js'
import {
  type ImageMode,
  imageModes,
  type WrittenFormat,
  writeAnnotations,
  writtenFormats,
} from '../../../datasets/formats/write.js'
import { liveLine } from '../../shared/live-line.js'
import { grouped, plural } from '../../shared/text.js'
import { categoriesOption } from '../shared/annotation-options.js'
import { interruptible } from '../shared/interrupt.js'
import { json } from '../shared/options.js'
import { say, sayAll } from '../shared/say.js'

const help = `
FROM is a COCO file (.json, .json.gz), a YOLO data.yaml, a CSV of boxes, or a folder with annotations in one of these
formats or in Pascal VOC's; the format is found out by looking. TO is a new folder:

  coco   annotations/<part>.json, images/
  yolo   data.yaml, images/<part>/, labels/<part>/; outlines where there are masks of one polygon, or else boxes
  voc    JPEGImages/, Annotations/*.xml, ImageSets/Main/<part>.txt; boxes with decimals where they have them

What was left out or put right while reading, and what the format cannot hold, is listed. Crowds become difficult
objects of VOC and are left out of YOLO, where nothing marks them.

--json prints {"folder", "from", "to", "images", "objects", "categories", "parts": [{"name", "images", "objects"}],
"notHeld", "warnings"}.

Examples:
  $ toolkit datasets convert my-yolo/data.yaml my-coco --to coco
  $ toolkit datasets convert VOCdevkit/VOC2012 voc-as-yolo --to yolo --images link
  $ toolkit datasets convert photos.json people --image-folder photos --to voc --categories person`

/** `toolkit datasets convert FROM TO --to coco|yolo|voc` */
export function convertCommand() {
  return new Command('convert')
    .description('write annotated images in another format: COCO, YOLO or Pascal VOC')
    .argument('<from>', 'annotations, or a folder with them')
    .argument('<to>', 'a new folder')
    .addOption(
      new Option('--to <format>', 'format of the new folder').choices(writtenFormats).makeOptionMandatory(),
    )
    .addOption(new Option('--format <format>', 'format of FROM, instead of looking').choices(formats))
    .option('--image-folder <folder>', 'folder of the images, where they are not beside the annotations')
    .addOption(
      new Option('--images <how>', 'copy the images, link to them, or write the annotations alone')
        .choices(imageModes)
        .default('copy' as const),
    )
    .addOption(categoriesOption)
    .option('--boxes-only', 'to YOLO: write boxes where there are masks, too')
    .addOption(json)
    .addHelpText('after', help)
    .action(async (from, folder, flags) => {
      await refuseFull(folder, 'what is converted')
      const { to, images, boxesOnly } = flags
      const needImages = images !== 'none'
      const line = liveLine(process.stderr)
      const progress = (what: string) => (done: number, count: number) =>
        line.show(() => `${what}  ${grouped(done)} of ${grouped(count)}`, done === count)
      const options = { format: flags.format, images: flags.imageFolder, needImages }
      const read = await openAnnotations(from, { ...options, onProgress: progress('images read') }).finally(
        line.end,
      )
      const set = flags.categories === undefined ? read : withCategories(read, flags.categories)
      sayAll(set.warnings)
      const notHeld = await interruptible(
        (signal) =>
          writeAnnotations(set, folder, { to, images, boxesOnly, signal, onProgress: progress('images') }),
        () => {},
      ).finally(line.end)
      if (notHeld === undefined) return say('Stopped; nothing was kept.')
      const result = { folder, from: set.format, to, ...countsOf(set), notHeld, warnings: set.warnings }
      console.log(flags.json ? JSON.stringify(result) : describe(result, set, images))
    })
}

/** The set with some of its categories alone. */
export function withCategories(set: AnnotatedSet, names: readonly string[]): AnnotatedSet {
  const selections = set.parts.map(({ dataset }) => selectCategories(dataset, names))
  const notes = selections.flatMap((selection) => selection.notes)
  return {
    ...set,
    parts: set.parts.map((part, i) => ({ ...part, dataset: selections[i].dataset })),
    warnings: [...set.warnings, ...new Set(notes)],
  }
}

function countsOf({ parts }: AnnotatedSet) {
  const counts = parts.map(({ name, dataset }) => ({
    name,
    images: dataset.images.length,
    objects: dataset.annotations.length,
  }))
  const sum = (key: 'images' | 'objects'): number => counts.reduce((total, part) => total + part[key], 0)
  const categories = parts[0].dataset.categories.length
  return { images: sum('images'), objects: sum('objects'), categories, parts: counts }
}

function describe(
  result: ReturnType<typeof countsOf> & {
    folder: string
    from: FormatName
    to: WrittenFormat
    notHeld: string[]
  },
  set: AnnotatedSet,
  mode: ImageMode,
): string {
  const { folder, from, to, images, objects, categories, parts, notHeld } = result
  const counted = `${plural(images, 'image')} with ${plural(objects, 'object')} of ${plural(categories, 'category', 'categories')}`
  const split = parts.length > 1 ? ` (${parts.map((part) => `${part.name} ${part.images}`).join(', ')})` : ''
  const place = mode === 'none' ? set.root : join(folder, 'images')
  return [
    `${counted}${split}, read as ${formatTitles[from]}, are in ${folder} as ${formatTitles[to]}.`,
    ...(notHeld.length > 0
      ? [`${formatTitles[to]} does not hold all of it:`, ...notHeld.map((note) => `  ${note}`)]
      : []),
    ...(to === 'coco'
      ? [
          `Look at it: toolkit datasets inspect ${join(folder, 'annotations', `${parts[0].name}.json`)} ` +
            `--images ${place} --draw sheet.png`,
        ]
      : mode === 'none'
        ? [
            `Images are not there: put them into ${join(folder, to === 'voc' ? 'JPEGImages' : 'images')}, under the names of the annotations.`,
          ]
        : []),
  ].join('\n')
}
