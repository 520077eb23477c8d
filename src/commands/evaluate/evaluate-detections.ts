import { Command, Option } from 'commander'
import { type Annotation, COCO, COCOeval, describeProblem, type IouType } from '#coco-ts'
import {
  boxFormNotes,
  completionNotes,
  countReasons,
  zeroIdNotes,
} from '../../../datasets/detection/annotation-notes.js'
import { STATS } from '../../train/detection/evaluation-stats.js'
import { categoryTable } from './category-table.js'

interface Flags {
  annotations: string
  detections: string
  type: IouType
  perCategory?: boolean
  lenient?: boolean
  json?: boolean
}

const help = `
Both files are COCO's: annotations as instances_val2017.json, detections a list of
  {"image_id", "category_id", "score", and one of "bbox", "segmentation", "keypoints"}
Names that end in .gz are read too. The numbers are those of pycocotools, in its order: average precision (AP)
at IoU 0.50:0.95, at 0.50, at 0.75, and for small, medium and large objects; then average recall (AR). −1 stands
where there are no objects to find. What the files leave out and what can be completed (an area from the mask or the
box, ids or numbers written as text) is completed and counted on standard error.

Examples:
  $ toolkit evaluate-detections --annotations val.json --detections found.json
  $ toolkit evaluate-detections --annotations val.json --detections masks.json.gz --type segm --per-category
  $ toolkit evaluate-detections --annotations val.json --detections found.json --json | jq .stats[0]`

const KEYPOINT_HEADS = ['AP', 'AP50', 'AP75', 'APm', 'APl', 'AR', 'AR50', 'AR75', 'ARm', 'ARl']

/** `toolkit evaluate-detections --annotations A.json --detections D.json` */
export function evaluateDetectionsCommand(): Command {
  return new Command('evaluate-detections')
    .description('measure boxes, masks or keypoints by COCO’s average precision')
    .requiredOption('--annotations <file>', 'what is there: a COCO annotation file')
    .requiredOption('--detections <file>', 'what was found: a COCO results file')
    .addOption(
      new Option('--type <what>', 'what to compare').choices(['bbox', 'segm', 'keypoints']).default('bbox'),
    )
    .option('--per-category', 'the numbers of each category too')
    .option('--lenient', 'leave out entries that are wrong, and count them, instead of stopping at the first')
    .option('--json', 'print the figures as JSON: {"stats": [12, for keypoints 10 numbers], …}')
    .addHelpText('after', help)
    .action(async (flags: Flags) => {
      const { lenient, type } = flags
      const annotations = await COCO.load(flags.annotations, { lenient })
      const detections = await annotations.loadRes(flags.detections, { lenient })
      const notes = [
        ...refused(annotations, flags.annotations),
        ...refused(detections, flags.detections),
        ...completionNotes(annotations, flags.annotations),
        ...completionNotes(detections, flags.detections),
        ...zeroIdNotes(annotations),
        ...boxFormNotes(annotations, flags.annotations),
        ...boxFormNotes(detections, flags.detections),
      ]
      const [truth, without] = lenient ? withWhatIsCompared(annotations, type) : [annotations, []]
      notes.push(...without)
      for (const note of notes) console.error(note)
      const run = new COCOeval(truth, detections, type)
      run.evaluate()
      run.accumulate()
      const stats = run.summarize(flags.json ? () => {} : console.log)
      const categories = flags.perCategory ? run.perCategory() : undefined
      const heads = type === 'keypoints' ? KEYPOINT_HEADS : STATS
      if (flags.json) {
        const skipped = { annotations: annotations.problems.count, detections: detections.problems.count }
        const completed = { annotations: annotations.completed.count, detections: detections.completed.count }
        console.log(JSON.stringify({ stats, names: heads, type, skipped, completed, notes, categories }))
      } else if (categories) {
        console.log(`\n${categoryTable(categories, heads)}`)
      }
    })
}

/** What was left out of a file. */
function refused({ problems }: COCO, file: string): string[] {
  const { count, first, byKind } = problems
  if (count === 0) return []
  const reasons = Object.keys(byKind).length > 1 ? ` (${countReasons(byKind)})` : ''
  return [`${file}: ${count} left out${reasons}, the first: ${describeProblem(first[0])}`]
}

/** The annotations without objects that lack what is compared (a mask, keypoints), and a sentence on those. */
function withWhatIsCompared(coco: COCO, type: IouType): [COCO, string[]] {
  const lacks = (annotation: Annotation): boolean =>
    type === 'segm'
      ? coco.maskForm(annotation) === 'none'
      : type === 'keypoints' && annotation.keypoints === undefined
  const without = coco.dataset.annotations.filter(lacks)
  if (without.length === 0) return [coco, []]
  const annotations = coco.dataset.annotations.filter((annotation) => !lacks(annotation))
  const what = type === 'segm' ? 'mask' : 'keypoints'
  return [
    new COCO({ ...coco.dataset, annotations }),
    [
      `${without.length} annotations without a usable ${what} are left out (the first: annotation ${without[0].id}).`,
    ],
  ]
}
