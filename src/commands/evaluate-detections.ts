import { Command, Option } from 'commander'
import { COCO, COCOeval, describeProblem, type IouType, type ProblemLog } from '#coco-ts'
import { STATS } from '../train/detection/evaluation-stats.js'
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
where there are no objects to find.

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
      report(flags.annotations, annotations.problems)
      report(flags.detections, detections.problems)
      const run = new COCOeval(annotations, detections, type)
      run.evaluate()
      run.accumulate()
      const stats = run.summarize(flags.json ? () => {} : console.log)
      const categories = flags.perCategory ? run.perCategory() : undefined
      const heads = type === 'keypoints' ? KEYPOINT_HEADS : STATS
      if (flags.json) {
        const skipped = { annotations: annotations.problems.count, detections: detections.problems.count }
        console.log(JSON.stringify({ stats, names: heads, type, skipped, categories }))
      } else if (categories) {
        console.log(`\n${categoryTable(categories, heads)}`)
      }
    })
}

/** Says on stderr what was left out. */
function report(file: string, problems: ProblemLog): void {
  if (problems.count === 0) return
  const [first] = problems.first
  console.error(`${file}: ${problems.count} left out, the first: ${describeProblem(first)}`)
}
