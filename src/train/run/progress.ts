/** Live progress for people: on a terminal one line that is rewritten, elsewhere plain lines. */
import { formatDuration } from '../../shared/text.js'
import type { StepReport } from './loop-types.js'
import type { CheckRow, EvaluationRow, Metrics } from './metrics.js'

export interface ProgressStream {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

/** A task's metrics as text for people. */
export interface MetricFormatter<M extends Metrics> {
  /** For example `loss 1.234`, `accuracy 56.1 %`, the most important first. */
  training(means: M['training']): string[]
  /** For example `accuracy 56.1 % on 100 validation images`. */
  evaluation(row: M['evaluation']): string
}

export interface Progress<M extends Metrics> {
  onStep(report: StepReport<M>): void
  onEvaluation(row: EvaluationRow<M>): void
  onCheck(row: CheckRow<M>): void
  /** Prints a line that stays. */
  note(text: string): void
  /** Ends the live line. Call it before printing anything else. */
  end(): void
}

/** Milliseconds between two updates, on a terminal and elsewhere. */
const TERMINAL_INTERVAL = 200
const PLAIN_INTERVAL = 5000
/** Weight of the newest step in the running means, once there are enough steps. */
const NEWEST = 0.05
/** Shares of time below this that steps wait for images are not shown. */
const WAITING_SHOWN = 0.02

/** Progress on `stream` as `formatter` writes it; `now` gives milliseconds. The first step is shown at once. */
export function showProgress<M extends Metrics>(
  stream: ProgressStream,
  formatter: MetricFormatter<M>,
  now: () => number = () => performance.now(),
): Progress<M> {
  const live = stream.isTTY === true
  // Some terminals report a width of 0.
  const width = (): number => (stream.columns || 80) - 1
  let shown = Number.NEGATIVE_INFINITY
  let open = false
  let steps = 0
  let means: Required<Means<M>> | null = null
  let last = now()

  function print(line: string, stays: boolean): void {
    const start = live ? '\r\x1b[2K' : ''
    const text = live && !stays ? line.slice(0, width()) : line
    stream.write(start + text + (live && !stays ? '' : '\n'))
    open = live && !stays
  }

  return {
    onStep(report) {
      const at = now()
      const secondsPerStep = (at - last) / 1000
      last = at
      steps += 1
      const mix = (mean: number, value: number, count: number) =>
        count <= 1 ? value : mean + Math.max(NEWEST, 1 / count) * (value - mean)
      const { waiting = 0 } = report
      const before = means ?? { metrics: report.metrics, secondsPerStep, waiting }
      means = {
        metrics: mixMetrics(before.metrics, report.metrics, (mean, value) => mix(mean, value, steps)),
        // The time of the first step includes the compilation, so that of the second step replaces it.
        secondsPerStep: mix(before.secondsPerStep, secondsPerStep, steps - 1),
        waiting: mix(before.waiting, waiting, steps),
      }
      if (at - shown < (live ? TERMINAL_INTERVAL : PLAIN_INTERVAL)) return
      shown = at
      print(progressLine(report, means, formatter, live ? width() : Number.POSITIVE_INFINITY), false)
    },
    onEvaluation(row) {
      // The time of an evaluation does not count towards the next step.
      last = now()
      print(`epoch ${row.epoch.toFixed(1)}: ${formatter.evaluation(row)}`, true)
    },
    onCheck(row) {
      last = now()
      print(`epoch ${row.epoch.toFixed(1)}, check: ${formatter.evaluation(row)}`, true)
    },
    note(text) {
      last = now()
      print(text, true)
    },
    end() {
      if (open) stream.write('\n')
      open = false
    },
  }
}

/** Means over the last steps. */
export interface Means<M extends Metrics> {
  metrics: M['training']
  secondsPerStep: number
  /** Fraction of the time in which steps waited for images; by default 0. */
  waiting?: number
}

function mixMetrics<T extends object>(means: T, values: T, mix: (mean: number, value: number) => number): T {
  const mixed = Object.entries(values).map(([name, value]) => [
    name,
    mix(means[name as keyof T] as number, value),
  ])
  return Object.fromEntries(mixed)
}

/**
 * For example `epoch 3.2/16 · step 1200/11200 · 312 images/s · loss 1.234 · accuracy 56.1 % · 12 min left`.
 * Where steps wait for their images, the share of time follows the metrics. When the line is longer than `width` characters, the step is left out, then the metrics from the last to the second.
 */
export function progressLine<M extends Metrics>(
  report: StepReport<M>,
  means: Means<M>,
  formatter: MetricFormatter<M>,
  width = Number.POSITIVE_INFINITY,
): string {
  const { step, totalSteps, stepsPerEpoch, imagesPerStep, progress, seconds } = report
  const timed = totalSteps === Number.POSITIVE_INFINITY
  const total = totalSteps / stepsPerEpoch
  const epochs = timed ? '' : `/${Number.isInteger(total) ? total : total.toFixed(1)}`
  const left = timed
    ? (seconds / Math.max(progress, Number.MIN_VALUE)) * (1 - progress)
    : (totalSteps - step) * means.secondsPerStep
  const metrics = formatter.training(means.metrics)
  const line = (parts: string[]): string =>
    [`epoch ${(step / stepsPerEpoch).toFixed(1)}${epochs}`, ...parts, `${formatDuration(left)} left`].join(
      ' · ',
    )
  const speed = `${trim(imagesPerStep / means.secondsPerStep)} images/s`
  const { waiting = 0 } = means
  if (waiting > WAITING_SHOWN) metrics.push(`waiting for images ${Math.round(100 * waiting)} %`)
  const full = line([`step ${step}${timed ? '' : `/${totalSteps}`}`, speed, ...metrics])
  if (full.length <= width) return full
  let count = metrics.length
  while (count > 1 && line([speed, ...metrics.slice(0, count)]).length > width) count--
  return line([speed, ...metrics.slice(0, count)])
}

/** Three significant digits, for example 312, 31.2, 3.12. */
const trim = (value: number): string => (value >= 100 ? String(Math.round(value)) : value.toPrecision(3))
