import { Command, Option } from '@commander-js/extra-typings'
import { type Annotation, COCO, COCOeval, describeProblem, type IouType } from '#coco-ts'
import {
  boxFormNotes,
  completionNotes,
  countReasons,
  zeroIdNotes,
} from '../../../datasets/detection/annotation-notes.js'
import { STATS } from '../../train/detection/report/stats.js'
import { json } from '../shared/options.js'
import { sayAll } from '../shared/say.js'
import { categoryTable } from './category-table.js'

const help = `
Both files are in COCO's format, and may be compressed (.gz): annotations as in instances_val2017.json, detections as a
list of
  {"image_id", "category_id", "score", and one of "bbox", "segmentation", "keypoints"}
The metrics are those of pycocotools, in its order: average precision (AP) at IoU 0.50:0.95, at 0.50, at 0.75, and for
small, medium and large objects; then average recall (AR). They are −1 where there are no objects to find. Missing
values that can be computed (an area from the mask or the box, ids or numbers written as text) are completed, and the
counts are printed on stderr.

--json prints {"stats", "names", "type", "skipped", "completed", "notes", "categories"}: twelve metrics (ten for
keypoints) with their names, how many entries were skipped and completed, what is printed on stderr, and with
--per-category the metrics of each category.

Examples:
  $ toolkit evaluate-detections --annotations val.json --detections found.json
  $ toolkit evaluate-detections --annotations val.json --detections masks.json.gz --type segm --per-category
  $ toolkit evaluate-detections --annotations val.json --detections found.json --json | jq .stats[0]`

const KEYPOINT_HEADS = ['AP', 'AP50', 'AP75', 'APm', 'APl', 'AR', 'AR50', 'AR75', 'ARm', 'ARl']

/** `toolkit evaluate-detections --annotations A.json --detections D.json` */
export function evaluateDetectionsCommand() {
  return new Command('evaluate-detections')
    .requiredOption('--annotations <file>', 'ground truth: a COCO annotation file')
    .requiredOption('--detections <file>', 'detections: a COCO results file')
    .addOption(
      new Option('--type <what>', 'what to compare')
        .choices(['bbox', 'segm', 'keypoints'])
        .default('bbox' as const),
    )
    .option('--per-category', 'also print the metrics of each category')
    .option('--lenient', 'skip and count invalid entries instead of stopping at the first')
    .addOption(json)
    .addHelpText('after', help)
    .action(async (flags) => {
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
      sayAll(notes)
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
