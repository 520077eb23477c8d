/** coco-ts's side of the benchmark, one measurement a process: ours.js evaluate|masks|load FILES… */

import { readFileSync } from 'node:fs'
import { COCO, COCOeval, type CompressedRle, type IouType, mask } from '#coco-ts'

const seconds = (): number => performance.now() / 1000

async function evaluate(
  annotations: string,
  detections: string,
  iouType: IouType,
  workers: number,
): Promise<object> {
  const start = seconds()
  const gt = await COCO.load(annotations)
  const dt = await gt.loadRes(detections)
  const loaded = seconds()
  const cpu = process.cpuUsage()
  const run = new COCOeval(gt, dt, iouType)
  if (workers > 1) await run.evaluateParallel({ workers })
  else run.evaluate()
  run.accumulate()
  const stats = run.summarize(() => {})
  const used = process.cpuUsage(cpu)
  const whole = process.cpuUsage()
  return {
    load: loaded - start,
    evaluate: seconds() - loaded,
    evaluateCpu: (used.user + used.system) / 1e6,
    totalCpu: (whole.user + whole.system) / 1e6,
    stats,
  }
}

async function load(annotations: string): Promise<object> {
  const start = seconds()
  const coco = await COCO.load(annotations)
  const { user, system } = process.cpuUsage()
  return { load: seconds() - start, loadCpu: (user + system) / 1e6, annotations: coco.anns.size }
}

/** Processor time of one call in microseconds: the best of several passes over all masks. */
function timed(count: number, pass: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 7; round++) {
    const start = process.cpuUsage()
    pass()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, user + system)
  }
  return best / count
}

interface MaskInput {
  size: [number, number]
  polygons: number[][]
}

function masks(path: string): object {
  const { size, polygons } = JSON.parse(readFileSync(path, 'utf8')) as MaskInput
  const [height, width] = size
  const rles: CompressedRle[] = mask.frPyObjects(polygons, height, width)
  const few = rles.slice(0, 200)
  const bitmaps = mask.decode(few)
  const groups = Array.from({ length: rles.length / 10 }, (_, i) => rles.slice(10 * i, 10 * i + 10))
  const crowd = new Array(10).fill(0)
  const microseconds = {
    frPyObjects: timed(rles.length, () => mask.frPyObjects(polygons, height, width)),
    encode: timed(few.length, () => mask.encode(bitmaps)),
    decode: timed(few.length, () => mask.decode(few)),
    area: timed(rles.length, () => mask.area(rles)),
    toBbox: timed(rles.length, () => mask.toBbox(rles)),
    'merge 10': timed(groups.length, () => groups.map((group) => mask.merge(group))),
    'intersect 10': timed(groups.length, () => groups.map((group) => mask.merge(group, true))),
    'iou 10 × 10': timed(groups.length, () => groups.map((group) => mask.iou(group, group, crowd))),
  }
  return { microseconds, pixels: mask.area(rles).reduce((sum, area) => sum + area, 0) }
}

const [what, ...args] = process.argv.slice(2)
const result =
  what === 'evaluate'
    ? await evaluate(args[0], args[1], args[2] as IouType, Number(args[3] ?? 1))
    : what === 'load'
      ? await load(args[0])
      : masks(args[0])
console.log(JSON.stringify({ ...result, peakBytes: process.resourceUsage().maxRSS * 1024 }))
