import { existsSync, statSync } from 'node:fs'
import { Command } from '@commander-js/extra-typings'
import type { COCO } from '#coco-ts'
import { bareClasses } from '../../../datasets/classification/bare-classes.js'
import { checkImages, type ImageCheck, inspectCoco } from '../../../datasets/detection/coco-inspect.js'
import { drawContactSheet } from '../../../datasets/detection/contact-sheet.js'
import { trainingNotes } from '../../../datasets/detection/training-notes.js'
import { looksAnnotated } from '../../../datasets/formats/looks-annotated.js'
import { annotationFormats } from '../../../datasets/formats/open.js'
import { type FormatName, hasImageSources, imageNetName } from '../../../datasets/index.js'
import { UserError } from '../../shared/errors.js'
import { writeFileAtomically } from '../../shared/files.js'
import { liveLine } from '../../shared/live-line.js'
import { formatOption } from '../shared/annotation-options.js'
import { wholeNumber } from '../shared/flags.js'
import { dataDir, json } from '../shared/options.js'
import { inspectAnnotated } from './inspect-annotated.js'
import { inspectImages } from './inspect-images.js'
import { describeInspection } from './inspection-text.js'

const help = `
Images with one class each (a folder with train/<class>/*.jpg, ILSVRC's files, tar shards, a pattern such as
DIR/train-{0000..0146}.tar, or imagenet) are counted for each part and class without reading them. An index of tar
files is kept, so that the second time is immediate. Notes say what will hurt a classifier: classes with few images, or
with many fewer than others. With --verify, every image is decoded; those that fail are listed, and those that two parts share, or
nearly so, are reported (of 50,000 images or fewer).

Of annotations with boxes (a COCO file, YOLO's data.yaml, a CSV, or a folder with annotations of COCO, YOLO, Pascal VOC or
CSV), images, objects and categories are counted, and invalid entries listed (they are not counted), what
was missing or converted in others (such as an area, computed from the mask or the box), and what may be a mistake,
such as boxes that reach over the edge. With --images, every image is decoded and compared with its entry: missing,
truncated, of another size, or with an orientation that makes it unclear how its boxes were drawn. A file_name as
another tool writes it (with backslashes, %20, leading folders, as a URL) is found if exactly one file fits. Each part of
a folder (train, val, test) is inspected by itself, and images that two parts share, or nearly so, are reported.

Notes say what will hurt a detector that is trained on them: categories with few objects, objects that are tiny at
--input-size, images of one size only, images that training and validation share.

--json prints {"file", "images", "objects", "categories", "problems", "completed", "warnings",
"training", "imageFiles"}:
counts as in the text, "problems" and "completed" by kind with the first of each, the notes on training, and the image
files that do not fit.
For folders with annotations it prints {"data", "format", "parts": [{"part", …}], "leaks", "warnings"}.
For images with one class each it prints {"data", "classes", "parts", "leaks", "training", "warnings"}; "leaks" is null where
none were looked for, a part has {"part", "images",
"perClass", "shards", "unreadable"}.

Examples:
  $ toolkit datasets inspect photos --verify
  $ toolkit datasets inspect 'shards/train-{0000..0146}.tar'
  $ toolkit datasets inspect instances_val2017.json
  $ toolkit datasets inspect instances_val2017.json.gz --images val2017 --draw sheet.png
  $ toolkit datasets inspect my-yolo --input-size 640
  $ toolkit datasets inspect mine.json --json | jq .problems`

/** `toolkit datasets inspect A.json | FOLDER` */
export function inspectCommand() {
  return new Command('inspect')
    .description('count and check images and annotations, and say what will hurt training')
    .argument(
      '<data>',
      'annotations (a COCO file, which may be compressed, a folder, data.yaml, a CSV), or images: a folder or tar shards',
    )
    .option('--images <folder>', 'folder of the images, to check them and to draw on them')
    .option('--draw <png>', 'write a contact sheet with boxes, masks and keypoints')
    .option('--count <n>', 'images on the contact sheet, 1 to 400', wholeNumber(1, 400), 12)
    .option('--verify', 'decode every image of a folder')
    .option(
      '--input-size <pixels>',
      'longer side of the images that a detector is given, to say which objects are too small',
      wholeNumber(1),
      320,
    )
    .addOption(formatOption)
    .addOption(dataDir)
    .addOption(json)
    .addHelpText('after', help)
    .action(async (path, flags) => {
      const annotated = await annotatedSet(path, flags)
      if (annotated !== null) return inspectAnnotated(path, { ...flags, ...annotated })
      const ofClasses = isFolder(path) || path === imageNetName || (await hasImageSources(path))
      refuseFlags(flags, ofClasses)
      if (ofClasses) return inspectImages(path, flags)
      const { coco, inspection } = await inspectCoco(path)
      const check = flags.images === undefined ? undefined : await checkWithProgress(coco, flags.images, path)
      if (check?.verdict) inspection.warnings.unshift(check.verdict)
      inspection.warnings.push(...(check?.respelt ?? []), ...(check?.warnings ?? []))
      const faults = check?.faults ?? []
      const training = trainingNotes(coco, flags.inputSize)
      if (flags.json) console.log(JSON.stringify({ file: path, ...inspection, training, imageFiles: faults }))
      else console.log(describeInspection(path, { inspection, training, check }))
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

/** Whether there are boxes, and not as one file of COCO's; where the format was found out, with it. */
async function annotatedSet(
  path: string,
  { format }: { format?: FormatName },
): Promise<{ format?: FormatName } | null> {
  if (format !== undefined && (format !== 'coco' || isFolder(path))) return { format }
  if (/\.(ya?ml|data|csv|tsv)$/i.test(path)) return { format }
  if (!isFolder(path) || !(await looksAnnotated(path))) return null
  const found = await annotationFormats(path)
  if (found.length === 1) return { format: found[0] }
  // Other JSON, CSV and text may lie beside images of several classes, and beside shards; of one folder of images, it is said
  // which formats there are, or that there is none.
  const classes = await bareClasses(path)
  return classes?.length === 1 || (classes === null && !(await hasImageSources(path))) ? {} : null
}

/** Refuses what has no meaning for the other kind of data. */
function refuseFlags({ images, draw, verify }: InspectFlags, ofClasses: boolean): void {
  if (ofClasses && images !== undefined)
    throw new UserError('--images is for COCO files: name the annotations, and the folder with --images.')
  if (ofClasses && draw !== undefined)
    throw new UserError(
      '--draw is for COCO files; "toolkit datasets preview" draws images with one class each.',
    )
  if (!ofClasses && verify)
    throw new UserError('--verify is for folders; of a COCO file, --images checks the images.')
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
