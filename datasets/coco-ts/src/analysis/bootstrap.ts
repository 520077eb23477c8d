import { CocoError } from '../common/problems.js'
import type { COCOeval } from '../eval/coco-eval.js'
import { sfc32 } from './random.js'
import { type AveragePrecisions, WeightedAp } from './weighted-ap.js'

/** A metric, and where resampling says that it lies. */
export interface Interval {
  /** On the images as they are. */
  value: number
  /** Ends of the interval. */
  low: number
  high: number
  /** Standard deviation over the resamples. */
  standardError: number
  /** The metric of every resample in which it is defined, in the order in which they were drawn. */
  resamples: Float64Array
}

/** A difference of two models' metrics. */
export interface DifferenceInterval extends Interval {
  /** Share of the resamples in which the first model is ahead: the difference is above 0. */
  shareAboveZero: number
}

/** What is resampled: `ap50` and `ap75` where 0.5 and 0.75 are among the evaluation's thresholds. */
export type Metric = keyof AveragePrecisions
export type PerMetric<T> = { ap: T; ap50?: T; ap75?: T }

export interface BootstrapOptions {
  /** How often images are drawn. Default: 1000. */
  resamples?: number
  /** The same seed draws the same images. A whole number from 0 to 2⁵³ − 1. Default: 0. */
  seed?: number
  /** Share of the resamples that the interval holds. Default: 0.95. */
  confidence?: number
}

export interface Bootstrap extends Required<BootstrapOptions> {
  images: number
  metrics: PerMetric<Interval>
}

export interface Comparison extends Required<BootstrapOptions> {
  images: number
  /** The first model's metrics minus the second's. */
  differences: PerMetric<DifferenceInterval>
  /** Each model's own, over the same resamples. */
  first: PerMetric<Interval>
  second: PerMetric<Interval>
}

/**
 * Intervals of AP, AP50 and AP75 by the percentile bootstrap (Efron & Tibshirani, "An Introduction to the Bootstrap",
 * 1993, chapter 13): as many images as there are, drawn with replacement, again and again; the interval holds the middle
 * share `confidence` of the metrics. It says how much the metrics depend on which images were measured, and nothing of
 * how they depend on a training's seed. Matches are those of `run.evaluate()`; nothing is matched again.
 *
 * @throws CocoError before `evaluate()`, or for options out of range
 */
export function bootstrap(run: COCOeval, options: BootstrapOptions = {}): Bootstrap {
  const settings = checked(options)
  const [measured] = resample([new WeightedAp(run)], settings)
  return {
    ...settings,
    images: run.outcomes('resample').params.imgIds.length,
    metrics: perMetric(measured, (whole, drawn) => intervalOf(whole, drawn, settings.confidence)),
  }
}

/**
 * Compares two models' results on the same images: both are measured on the same resamples, so that images that are
 * hard for both cancel out, and the interval of the difference is narrower than those of the two suggest.
 *
 * @throws CocoError where the runs have not evaluated the same images, categories and thresholds
 */
export function compareRuns(first: COCOeval, second: COCOeval, options: BootstrapOptions = {}): Comparison {
  const settings = checked(options)
  requireSame(first, second)
  const [a, b] = resample([new WeightedAp(first), new WeightedAp(second)], settings)
  const difference: Measured = {
    whole: subtract(a.whole, b.whole),
    drawn: a.drawn.map((one, n) => subtract(one, b.drawn[n])),
  }
  const own = (measured: Measured): PerMetric<Interval> =>
    perMetric(measured, (whole, drawn) => intervalOf(whole, drawn, settings.confidence))
  return {
    ...settings,
    images: first.outcomes('compare').params.imgIds.length,
    differences: perMetric(difference, (whole, drawn) => {
      const above = drawn.filter((value) => value > 0).length
      const shareAboveZero = drawn.length > 0 ? above / drawn.length : 0
      return { ...intervalOf(whole, drawn, settings.confidence), shareAboveZero }
    }),
    first: own(a),
    second: own(b),
  }
}

/** A model's metrics on the images as they are, and on every resample; NaN where nothing is defined. */
interface Measured {
  whole: AveragePrecisions
  drawn: AveragePrecisions[]
}

/** Measures all models on the same resamples. */
function resample(
  models: readonly WeightedAp[],
  { resamples, seed }: Required<BootstrapOptions>,
): Measured[] {
  const images = models[0].imgIds.length
  const random = sfc32(seed)
  const weights = new Float64Array(images).fill(1)
  const measured = models.map((model): Measured => ({ whole: defined(model.at(weights)), drawn: [] }))
  for (let n = 0; n < resamples; n++) {
    weights.fill(0)
    for (let i = 0; i < images; i++) weights[Math.floor(random() * images)]++
    for (const [i, model] of models.entries()) measured[i].drawn.push(defined(model.at(weights)))
  }
  return measured
}

const each = (
  { ap, ap50, ap75 }: AveragePrecisions,
  change: (value: number, metric: Metric) => number,
): AveragePrecisions => ({
  ap: change(ap, 'ap'),
  ap50: ap50 === undefined ? undefined : change(ap50, 'ap50'),
  ap75: ap75 === undefined ? undefined : change(ap75, 'ap75'),
})

/** −1 stands for nothing, and must not be averaged. */
const defined = (metrics: AveragePrecisions): AveragePrecisions =>
  each(metrics, (value) => (value < 0 ? Number.NaN : value))

const subtract = (a: AveragePrecisions, b: AveragePrecisions): AveragePrecisions =>
  each(a, (value, metric) => value - b[metric]!)

function perMetric<T>(
  { whole, drawn }: Measured,
  of: (whole: number, drawn: Float64Array) => T,
): PerMetric<T> {
  const one = (metric: Metric): T | undefined => {
    const value = whole[metric]
    if (value === undefined) return undefined
    const values = drawn.map((metrics) => metrics[metric]!).filter((each) => !Number.isNaN(each))
    return of(value, Float64Array.from(values))
  }
  const [ap50, ap75] = [one('ap50'), one('ap75')]
  return { ap: one('ap')!, ...(ap50 !== undefined && { ap50 }), ...(ap75 !== undefined && { ap75 }) }
}

function intervalOf(whole: number, resamples: Float64Array, confidence: number): Interval {
  const sorted = resamples.slice().sort()
  const mean = resamples.reduce((sum, value) => sum + value, 0) / resamples.length
  const squares = resamples.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return {
    value: Number.isNaN(whole) ? -1 : whole,
    low: quantile(sorted, (1 - confidence) / 2),
    high: quantile(sorted, (1 + confidence) / 2),
    standardError: Math.sqrt(squares / (resamples.length - 1)),
    resamples,
  }
}

/** The quantile of sorted values, between two of them in proportion (NumPy's default, "linear"). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(sorted.length - 1, below + 1)
  return sorted[below] + (place - below) * (sorted[above] - sorted[below])
}

function checked({
  resamples = 1000,
  seed = 0,
  confidence = 0.95,
}: BootstrapOptions): Required<BootstrapOptions> {
  if (!Number.isSafeInteger(resamples) || resamples < 2)
    throw new CocoError(`resamples is ${resamples}, but must be a whole number from 2.`)
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new CocoError(`seed is ${seed}, but must be a whole number from 0.`)
  if (!(confidence > 0 && confidence < 1))
    throw new CocoError(`confidence is ${confidence}, but must lie between 0 and 1.`)
  return { resamples, seed, confidence }
}

function requireSame(first: COCOeval, second: COCOeval): void {
  const [a, b] = [first.outcomes('compare').params, second.outcomes('compare').params]
  for (const [key, what] of [
    ['imgIds', 'images'],
    ['catIds', 'categories'],
    ['iouThrs', 'IoU thresholds'],
    ['recThrs', 'recall thresholds'],
  ] as const) {
    if (a[key].length === b[key].length && a[key].every((value, i) => value === b[key][i])) continue
    throw new CocoError(
      `The two runs have evaluated different ${what} (${a[key].length} and ${b[key].length}): only the same can be compared.`,
    )
  }
}
