/** Live progress for people: one line that renews itself on a terminal, plain lines elsewhere. */
import type { StepReport } from './loop.js'
import type { EvaluationRow, Figures } from './metrics.js'

export interface ProgressStream {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

/** How a task's figures are told to people. */
export interface Words<F extends Figures> {
  /** For example `loss 1.234`, `accuracy 56.1 %`; the less important come later. */
  means(figures: F['training']): string[]
  /** What was measured, for example `accuracy 56.1 % on 100 validation images`. */
  evaluation(row: EvaluationRow<F>): string
}

export interface Progress<F extends Figures> {
  onStep(report: StepReport<F>): void
  onEvaluation(row: EvaluationRow<F>): void
  /** A line of its own that stays. */
  note(text: string): void
  /** Ends the live line; call it before anything else is printed. */
  end(): void
}

/** Milliseconds between two renewals, on a terminal and elsewhere. */
const TERMINAL_INTERVAL = 200
const PLAIN_INTERVAL = 5000
/** Part that the newest step has in what is shown, once there are enough. */
const NEWEST = 0.05

/** Progress on `stream` in these words; `now` gives milliseconds. The first step is shown at once. */
export function showProgress<F extends Figures>(
  stream: ProgressStream,
  words: Words<F>,
  now: () => number = () => performance.now(),
): Progress<F> {
  const live = stream.isTTY === true
  // Some terminals call themselves 0 wide.
  const width = (): number => (stream.columns || 80) - 1
  let shown = Number.NEGATIVE_INFINITY
  let open = false
  let steps = 0
  let means: Means<F> | null = null
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
      const before = means ?? { figures: report.figures, secondsPerStep }
      means = {
        figures: mixFigures(before.figures, report.figures, (mean, value) => mix(mean, value, steps)),
        // The first step's time holds the compiling before it, so the second's replaces it.
        secondsPerStep: mix(before.secondsPerStep, secondsPerStep, steps - 1),
      }
      if (at - shown < (live ? TERMINAL_INTERVAL : PLAIN_INTERVAL)) return
      shown = at
      print(progressLine(report, means, words, live ? width() : Number.POSITIVE_INFINITY), false)
    },
    onEvaluation(row) {
      // The time of an evaluation is none of the next step's.
      last = now()
      print(`epoch ${row.epoch.toFixed(1)}: ${words.evaluation(row)}`, true)
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
export interface Means<F extends Figures> {
  figures: F['training']
  secondsPerStep: number
}

function mixFigures<T extends object>(means: T, values: T, mix: (mean: number, value: number) => number): T {
  const mixed = Object.entries(values).map(([name, value]) => [
    name,
    mix(means[name as keyof T] as number, value),
  ])
  return Object.fromEntries(mixed)
}

/**
 * For example `epoch 3.2/16 · step 1200/11200 · 312 images/s · loss 1.234 · accuracy 56.1 % · 12 min left`.
 * Where that is wider than `width` characters, the step is left out, then figures from the last to the second.
 */
export function progressLine<F extends Figures>(
  report: StepReport<F>,
  means: Means<F>,
  words: Words<F>,
  width = Number.POSITIVE_INFINITY,
): string {
  const { step, totalSteps, stepsPerEpoch, imagesPerStep, progress, seconds } = report
  const timed = totalSteps === Number.POSITIVE_INFINITY
  const total = totalSteps / stepsPerEpoch
  const epochs = timed ? '' : `/${Number.isInteger(total) ? total : total.toFixed(1)}`
  const left = timed
    ? (seconds / Math.max(progress, Number.MIN_VALUE)) * (1 - progress)
    : (totalSteps - step) * means.secondsPerStep
  const figures = words.means(means.figures)
  const line = (parts: string[]): string =>
    [`epoch ${(step / stepsPerEpoch).toFixed(1)}${epochs}`, ...parts, `${formatDuration(left)} left`].join(
      ' · ',
    )
  const speed = `${trim(imagesPerStep / means.secondsPerStep)} images/s`
  const full = line([`step ${step}${timed ? '' : `/${totalSteps}`}`, speed, ...figures])
  if (full.length <= width) return full
  let count = figures.length
  while (count > 1 && line([speed, ...figures.slice(0, count)]).length > width) count--
  return line([speed, ...figures.slice(0, count)])
}

export const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`

/** Three digits are enough to read: 312, 31.2, 3.12. */
const trim = (value: number): string => (value >= 100 ? String(Math.round(value)) : value.toPrecision(3))

/** For example `45 s`, `12 min`, `1 h 20 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown time'
  if (seconds < 99.5) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}
