import { Command, Option } from '@commander-js/extra-typings'
import {
  type Annotation,
  bootstrap,
  COCO,
  COCOeval,
  compareRuns,
  describeProblem,
  type IouType,
} from '#coco-ts'
import {
  boxFormNotes,
  completionNotes,
  countReasons,
  zeroIdNotes,
} from '../../../datasets/detection/annotation-notes.js'
import { STATS } from '../../train/detection/report/stats.js'
import { number, wholeNumber } from '../shared/flags.js'
import { json } from '../shared/options.js'
import { sayAll } from '../shared/say.js'
import { categoryTable } from './category-table.js'
import { analyse, analysisJson, analysisText } from './detections-analysis.js'
import { bootstrapText, comparisonText, withoutResamples } from './detections-intervals.js'

const help = `
Both files are in COCO's format, and may be compressed (.gz): annotations as in instances_val2017.json, detections as a
list of
  {"image_id", "category_id", "score", and one of "bbox", "segmentation", "keypoints"}
The metrics are those of pycocotools, in its order: average precision (AP) at IoU 0.50:0.95, at 0.50, at 0.75, and for
small, medium and large objects; then average recall (AR). They are −1 where there are no objects to find. Missing
values that can be computed (an area from the mask or the box, ids or numbers written as text) are completed, and the
counts are printed on stderr.

--analysis says what to improve: errors by kind and what each costs (classification, localisation, both, duplicate,
background, missed; as TIDE), the score from which on detections are best accepted (by F1, of each category and of all),
whether scores are probabilities, and which category is taken for which. All at IoU 0.5.
--bootstrap says how much the metrics depend on the images: it draws as many images as there are, with replacement, n
times. --compare does so for the difference of two models; the same images are drawn for both.
--workers 2 matches in two threads, with the same results. That costs processor time, and can be quicker only where matching
takes many seconds and cores are free.

--json prints {"stats", "names", "type", "skipped", "completed", "notes", "categories"}: twelve metrics (ten for
keypoints) with their names, how many entries were skipped and completed, what is printed on stderr, and with
--per-category the metrics of each category; with --analysis, --bootstrap and --compare also "analysis", "bootstrap"
and "comparison".

Examples:
  $ toolkit evaluate-detections --annotations val.json --detections found.json
  $ toolkit evaluate-detections --annotations val.json --detections masks.json.gz --type segm --per-category
  $ toolkit evaluate-detections --annotations val.json --detections found.json --analysis
  $ toolkit evaluate-detections --annotations val.json --detections found.json --bootstrap 1000
  $ toolkit evaluate-detections --annotations val.json --detections found.json --compare others.json
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
    .option('--analysis', 'also print errors by kind, best scores, calibration and confusions')
    .option(
      '--min-score <s>',
      'with --analysis: leave lower scores out of the confusion matrix',
      number(),
      0.25,
    )
    .option('--bootstrap <n>', 'also print intervals of AP, AP50 and AP75 over n resamples', wholeNumber(2))
    .option('--compare <file>', 'compare with the detections of another model (default: 1000 resamples)')
    .option('--workers <n>', 'threads that match the categories', wholeNumber(1), 1)
    .option('--seed <n>', 'of the resamples', wholeNumber(0), 0)
    .option('--lenient', 'skip and count invalid entries instead of stopping at the first')
    .addOption(json)
    .addHelpText('after', help)
    .action(async (flags) => {
      const { lenient, type } = flags
      const annotations = await COCO.load(flags.annotations, { lenient })
      const detections = await annotations.loadRes(flags.detections, { lenient })
      const others = flags.compare ? await annotations.loadRes(flags.compare, { lenient }) : undefined
      const files: [COCO, string][] = [
        [annotations, flags.annotations],
        [detections, flags.detections],
      ]
      if (others) files.push([others, flags.compare!])
      const notes = [
        ...files.flatMap(([coco, file]) => refused(coco, file)),
        ...files.flatMap(([coco, file]) => completionNotes(coco, file)),
        ...zeroIdNotes(annotations),
        ...files.flatMap(([coco, file]) => boxFormNotes(coco, file)),
      ]
      const [truth, without] = lenient ? withWhatIsCompared(annotations, type) : [annotations, []]
      notes.push(...without)
      sayAll(notes)
      const run = await evaluated(truth, detections, type, flags.workers)
      const stats = run.summarize(flags.json ? () => {} : console.log)
      const categories = flags.perCategory ? run.perCategory() : undefined
      const analysis = flags.analysis ? analyse(run, { iouType: type, minScore: flags.minScore }) : undefined
      const resampling = { resamples: flags.bootstrap ?? 1000, seed: flags.seed }
      const intervals = flags.bootstrap ? bootstrap(run, resampling) : undefined
      const comparison = others
        ? compareRuns(run, await evaluated(truth, others, type, flags.workers), resampling)
        : undefined
      const heads = type === 'keypoints' ? KEYPOINT_HEADS : STATS
      if (flags.json) {
        const skipped = { annotations: annotations.problems.count, detections: detections.problems.count }
        const completed = { annotations: annotations.completed.count, detections: detections.completed.count }
        const more = {
          ...(analysis && { analysis: analysisJson(analysis) }),
          ...(intervals && { bootstrap: withoutResamples(intervals) }),
          ...(comparison && { comparison: withoutResamples(comparison) }),
        }
        console.log(
          JSON.stringify({ stats, names: heads, type, skipped, completed, notes, categories, ...more }),
        )
        return
      }
      if (categories) console.log(`\n${categoryTable(categories, heads)}`)
      if (intervals) console.log(`\n${bootstrapText(intervals)}`)
      if (comparison) console.log(`\n${comparisonText(comparison, [flags.detections, flags.compare!])}`)
      if (analysis) console.log(`\n${analysisText(analysis)}`)
    })
}

async function evaluated(truth: COCO, detections: COCO, type: IouType, workers: number): Promise<COCOeval> {
  const run = new COCOeval(truth, detections, type)
  await run.evaluateParallel({ workers })
  run.accumulate()
  return run
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
