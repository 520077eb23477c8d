import { join } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { DatasetError } from '../../../datasets/files/errors.js'
import { refuseFull } from '../../../datasets/files/new-folder.js'
import { isClassFolders, openAnnotations } from '../../../datasets/formats/open.js'
import type { CategoryCounts, PartCount } from '../../../datasets/splitting/category-counts.js'
import { FARTHEST } from '../../../datasets/splitting/near-duplicates.js'
import { type SplitOptions, type SplitPart, splitParts } from '../../../datasets/splitting/split.js'
import { partToSplit, splitAnnotated, writeSplit } from '../../../datasets/splitting/split-annotated.js'
import { splitClassFolders, writeClassSplit } from '../../../datasets/splitting/split-classes.js'
import { liveLine } from '../../shared/live-line.js'
import { grouped, plural } from '../../shared/text.js'
import { categoriesOption, formatOption } from '../shared/annotation-options.js'
import { type FlagsOf, number, orNull, orOff, WrongValue, wholeNumber } from '../shared/flags.js'
import { json } from '../shared/options.js'
import { sayAll } from '../shared/say.js'
import { textTable } from '../shared/text-table.js'
import { withCategories } from './convert.js'

const help = `
FROM is annotations in any format that "toolkit datasets convert" reads, or a folder with a folder of images for each
class (or with those in train/). Each category is as frequent in every part as in the whole, as far as that is possible
(iterative stratification, Sechidis et al. 2011). Equal seeds give equal parts.

Images that belong together stay on one side, since a network that has seen one knows the other:
  --group-by         a regular expression; images with the same text in its parentheses (or in the whole match) form
                     a group, such as the frames of one video. Names are paths below the folder of the images
  --near-duplicates  images that look nearly the same: of a hash of 64 bits (dHash) at most so many differ. Different
                     photographs differ in more than 10 as a rule, copies in another size or quality in 0 to 7

Annotations are written as COCO files with the images left where they are: train.json, val.json, test.json. Of class
folders, train/<class>/, val/<class>/ and test/<class>/ are made with links to the images, or copies.

--json prints {"folder", "images", "parts": {"train": {"images", "objects", "file"}, …}, "categories": [{"name",
"parts": {"train": {"images", "objects"}, …}}], "notes"}; "images" is the folder that the names of the images begin at.

Examples:
  $ toolkit datasets split photos.json --image-folder photos --out lists
  $ toolkit datasets split my-yolo/data.yaml --out lists --val 0.15 --test 0.15 --categories person,dog
  $ toolkit datasets split frames.json --out lists --group-by '^(video\\d+)_'
  $ toolkit datasets split flowers --out flowers-split          # flowers/<class>/*.jpg`

const pattern = (text: string): RegExp => {
  try {
    return new RegExp(text, 'u')
  } catch {
    throw new WrongValue(`a regular expression, for example '^(video\\d+)_'`)
  }
}

const splitFlags = () =>
  new Command('split')
    .description('split images into training, validation and test parts')
    .argument('<from>', 'annotations, a folder with them, or a folder with class folders')
    .requiredOption('--out <folder>', 'a new folder')
    .option('--val <share>', 'share of the images for validation', number({ from: 0, below: 1 }), 0.2)
    .option('--test <share>', 'share of the images for a test', number({ from: 0, below: 1 }), 0)
    .option('--seed <n>', 'seed of the choice', wholeNumber(0, 2 ** 31), 1)
    .option('--group-by <pattern>', 'keep images together whose names match with the same text', pattern)
    .option(
      '--near-duplicates <bits|off>',
      `keep images together whose hashes differ in at most so many bits, 0 to ${FARTHEST}`,
      orOff(wholeNumber(0, FARTHEST)),
      FARTHEST,
    )
    .addOption(categoriesOption)
    .addOption(formatOption)
    .option('--image-folder <folder>', 'folder of the images, where they are not beside the annotations')
    .option('--part <name>', 'the part to split, of annotations that have several, such as train')
    .option('--copy', 'copy the images of class folders instead of linking to them')
    .addOption(json)

type Flags = FlagsOf<typeof splitFlags>

/** `toolkit datasets split FROM --out DIR` */
export function splitCommand() {
  return splitFlags()
    .addHelpText('after', help)
    .action(async (from, flags) => {
      if (!(flags.val + flags.test > 0 && flags.val + flags.test < 1))
        throw new DatasetError('--val and --test must be more than 0 and less than 1 in all.')
      await refuseFull(flags.out, 'the parts')
      const line = liveLine(process.stderr)
      const options: SplitOptions = {
        ...{ val: flags.val, test: flags.test, seed: flags.seed, groupBy: flags.groupBy },
        nearDuplicates: orNull(flags.nearDuplicates, null),
        onProgress: (done, count) =>
          line.show(() => `images compared  ${grouped(done)} of ${grouped(count)}`, done === count),
      }
      const isClasses = flags.format === undefined && (await isClassFolders(from))
      const outcome = await (isClasses ? ofClasses : ofAnnotations)(from, flags, options).finally(line.end)
      sayAll(outcome.notes)
      if (flags.json)
        console.log(JSON.stringify({ folder: flags.out, ...outcome, next: undefined, ofClasses: undefined }))
      else console.log(describe(flags.out, outcome))
    })
}

interface Outcome {
  images: string
  parts: Partial<Record<SplitPart, { images: number; objects: number; file: string }>>
  /** Whether an image has one class, and no objects. */
  ofClasses: boolean
  categories: CategoryCounts[]
  notes: string[]
  /** The command to type next. */
  next: string
}

async function ofAnnotations(from: string, flags: Flags, options: SplitOptions): Promise<Outcome> {
  const { format, imageFolder, categories, out } = flags
  const read = await openAnnotations(from, { format, images: imageFolder })
  const set = categories === undefined ? read : withCategories(read, categories)
  const split = await splitAnnotated(set, partToSplit(set, from, flags.part), options)
  await writeSplit(out, split)
  const file = (part: SplitPart): string => join(out, `${part}.json`)
  return {
    images: set.root,
    ofClasses: false,
    parts: Object.fromEntries(
      split.parts.map(({ name, dataset }) => [
        name,
        { images: dataset.images.length, objects: dataset.annotations.length, file: file(name) },
      ]),
    ),
    categories: split.counts,
    notes: [...set.warnings, ...split.notes],
    next:
      `toolkit finetune-coco --data ${set.root} --annotations ${file('train')}` +
      `${options.val > 0 ? ` --val-images ${set.root} --val-annotations ${file('val')}` : ''}`,
  }
}

async function ofClasses(from: string, flags: Flags, options: SplitOptions): Promise<Outcome> {
  for (const key of ['imageFolder', 'part'] as const)
    if (flags[key] !== undefined)
      throw new DatasetError(
        `"${from}" has class folders; leave out ${key === 'part' ? '--part' : '--image-folder'}.`,
      )
  const split = await splitClassFolders(from, flags.categories, options)
  await writeClassSplit(flags.out, split, flags.copy ?? false)
  const counted = (part: SplitPart): number => split.parts.filter((one) => one === part).length
  const used = splitParts.filter((part) => counted(part) > 0)
  return {
    images: split.root,
    ofClasses: true,
    parts: Object.fromEntries(
      used.map((part) => [
        part,
        { images: counted(part), objects: counted(part), file: join(flags.out, part) },
      ]),
    ),
    categories: split.counts,
    notes: split.notes,
    next: `toolkit train-backbone --data ${flags.out}`,
  }
}

function describe(folder: string, { parts, categories, ofClasses, next }: Outcome): string {
  const names = Object.keys(parts) as SplitPart[]
  const sums = names.map((name) => `${plural(parts[name]!.images, 'image')} for ${name}`)
  const row = (label: string, cells: (part: SplitPart) => PartCount): string[] => [
    label,
    ...names.flatMap((name) => {
      const { images, objects } = cells(name)
      return ofClasses ? [String(images)] : [String(images), String(objects)]
    }),
  ]
  const heads = names.flatMap((name) => (ofClasses ? [`${name} images`] : [`${name} images`, 'objects']))
  const table = textTable(
    [
      [ofClasses ? 'class' : 'category', ...heads],
      ...categories.map((category) => row(category.name, (name) => category.parts[name]!)),
      row('all', (name) => parts[name]!),
    ],
    1,
  )
  return [`${sums.join(', ')}: ${folder}`, '', ...table, '', `Train on it: ${next}`].join('\n')
}
