import { existsSync, statSync } from 'node:fs'
import { Command } from '@commander-js/extra-typings'
import type { COCO } from '#coco-ts'
import { shortName } from '../../../datasets/detection/annotation-notes.js'
import {
  type CategoryCount,
  type CocoInspection,
  checkImages,
  type ImageCheck,
  inspectCoco,
  type Spread,
} from '../../../datasets/detection/coco-inspect.js'
import { drawContactSheet } from '../../../datasets/detection/contact-sheet.js'
import { hasImageSources, imageNetName } from '../../../datasets/index.js'
import { UserError } from '../../shared/errors.js'
import { writeFileAtomically } from '../../shared/files.js'
import { liveLine } from '../../shared/live-line.js'
import { wholeNumber } from '../shared/flags.js'
import { dataDir, json } from '../shared/options.js'
import { inspectImages } from './inspect-images.js'
import { SHOWN, section } from './sections.js'

const help = `
Images with one class each (a folder with train/<class>/*.jpg, ILSVRC's files, tar shards, a pattern such as
DIR/train-{0000..0146}.tar, or imagenet) are counted for each part and class without reading them. An index of tar
files is kept, so that the second time is immediate. With --verify, every image is decoded, and those that fail are
listed.

Of a COCO file, images, objects and categories are counted, and invalid entries listed (they are not counted), what
was missing or converted in others (such as an area, computed from the mask or the box), and what may be a mistake,
such as boxes that reach over the edge. With --images, every image is decoded and compared with its entry: missing,
truncated, of another size, or with an orientation that makes it unclear how its boxes were drawn. A file_name as
another tool writes it (with backslashes, %20, leading folders, as a URL) is found if exactly one file fits.

--json prints {"file", "images", "objects", "categories", "problems", "completed", "warnings", "imageFiles"}:
counts as in the text, "problems" and "completed" by kind with the first of each, and the image files that do not fit.
For images with one class each it prints {"data", "classes", "parts", "warnings"}; a part has {"part", "images",
"perClass", "shards", "unreadable"}.

Examples:
  $ toolkit datasets inspect photos --verify
  $ toolkit datasets inspect 'shards/train-{0000..0146}.tar'
  $ toolkit datasets inspect instances_val2017.json
  $ toolkit datasets inspect instances_val2017.json.gz --images val2017 --draw sheet.png
  $ toolkit datasets inspect mine.json --json | jq .problems`

/** `toolkit datasets inspect A.json | FOLDER` */
export function inspectCommand() {
  return new Command('inspect')
    .description('count and check images, or the annotations of a COCO file')
    .argument(
      '<data>',
      'a COCO annotation file, which may be compressed (.gz), or images: a folder or tar shards',
    )
    .option('--images <folder>', 'folder of the images, to check them and to draw on them')
    .option('--draw <png>', 'write a contact sheet with boxes, masks and keypoints')
    .option('--count <n>', 'images on the contact sheet, 1 to 400', wholeNumber(1, 400), 12)
    .option('--verify', 'decode every image of a data set with one class each')
    .addOption(dataDir)
    .addOption(json)
    .addHelpText('after', help)
    .action(async (path, flags) => {
      const ofClasses = isFolder(path) || path === imageNetName || (await hasImageSources(path))
      refuseFlags(flags, ofClasses)
      if (ofClasses) return inspectImages(path, flags)
      const { coco, inspection } = await inspectCoco(path)
      const check = flags.images === undefined ? undefined : await checkWithProgress(coco, flags.images, path)
      if (check?.verdict) inspection.warnings.unshift(check.verdict)
      inspection.warnings.push(...(check?.respelt ?? []), ...(check?.warnings ?? []))
      const faults = check?.faults ?? []
      if (flags.json) console.log(JSON.stringify({ file: path, ...inspection, imageFiles: faults }))
      else console.log(describe(path, inspection, check))
      if (flags.draw === undefined) return
      const sheet = await drawContactSheet(coco, {
        source: ({ id }) => check?.paths.get(id),
        count: flags.count,
      })
      await writeFileAtomically(flags.draw, sheet)
      if (!flags.json) console.log(`\nDrawn: ${flags.draw}`)
    })
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()

/** Refuses what has no meaning for the other kind of data. */
function refuseFlags({ images, draw, verify }: InspectFlags, ofClasses: boolean): void {
  if (ofClasses && images !== undefined)
    throw new UserError('--images is for COCO files: name the annotations, and the folder with --images.')
  if (ofClasses && draw !== undefined)
    throw new UserError(
      '--draw is for COCO files; "toolkit datasets preview" draws images with one class each.',
    )
  if (!ofClasses && verify)
    throw new UserError('--verify is for images with one class each; of a COCO file, --images checks them.')
}

interface InspectFlags {
  images?: string
  draw?: string
  verify?: boolean
}

async function checkWithProgress(coco: COCO, folder: string, path: string): Promise<ImageCheck> {
  const line = liveLine(process.stderr)
  const onProgress = (done: number, count: number) =>
    line.show(() => `images  ${done} of ${count} read`, done === count)
  return checkImages(coco, folder, path, { onProgress }).finally(line.end)
}

function describe(path: string, inspection: CocoInspection, check: ImageCheck | undefined): string {
  const { images, objects, categories, problems, completed, warnings } = inspection
  const range = ({ least, median, most }: Spread): string => `${least} to ${most}, median ${median}`
  const lines = [
    path,
    `images      ${images.count}, ${images.withoutObjects} of them without objects`,
    `  width     ${range(images.width)}`,
    `  height    ${range(images.height)}`,
    `objects     ${objects.count}, ${objects.crowds} of them crowds; ${range(objects.perImage)} per image`,
    `  area      ${objects.small} small (below 32²), ${objects.medium} medium, ${objects.large} large (above 96²)`,
    `  masks     ${objects.polygons} polygons, ${objects.rle} run-length, ${objects.withoutMask} without`,
    `  keypoints ${objects.withKeypoints}`,
    `categories  ${categories.length}`,
    ...categoryRows(categories),
    ...section('problems', problems.count, problems.first),
    ...(completed.count === 0
      ? []
      : [`completed entries: ${completed.count}`, ...completed.kinds.map((kind) => `  ${kind}`)]),
    ...(check
      ? section('image files that do not fit', check.faults.length, check.faults.slice(0, SHOWN))
      : []),
    ...warnings.map((warning) => `note: ${warning}`),
  ]
  return lines.join('\n')
}

function categoryRows(categories: readonly CategoryCount[]): string[] {
  const width = categories.reduce((most, { name }) => Math.max(most, shortName(name).length), 8)
  const cell = (value: number | string): string => String(value).padStart(8)
  const head = `  ${'name'.padEnd(width)} ${cell('id')} ${cell('objects')} ${cell('images')} ${cell('crowds')}`
  const rows = categories.map(
    ({ name, id, objects, images, crowds }) =>
      `  ${shortName(name).padEnd(width)} ${cell(id)} ${cell(objects)} ${cell(images)} ${cell(crowds)}`,
  )
  return [head, ...rows]
}
