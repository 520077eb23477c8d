/** Live progress for people: one line that renews itself on a terminal, plain lines elsewhere. */
import type { StepReport } from './loop.js'
import type { EvaluationRow } from './metrics.js'

export interface ProgressStream {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

export interface Progress {
  onStep(report: StepReport): void
  onEvaluation(row: EvaluationRow): void
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

/** Progress on `stream`; `now` gives milliseconds. The first step is shown at once. */
export function showProgress(stream: ProgressStream, now: () => number = () => performance.now()): Progress {
  const live = stream.isTTY === true
  // Some terminals call themselves 0 wide.
  const width = (): number => (stream.columns || 80) - 1
  let shown = Number.NEGATIVE_INFINITY
  let open = false
  let steps = 0
  let means = { loss: 0, accuracy: 0, secondsPerStep: 0 }
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
      const accuracy = report.correct / report.batchSize
      const secondsPerStep = (at - last) / 1000
      last = at
      steps += 1
      const mix = (mean: number, value: number, count: number) =>
        count <= 1 ? value : mean + Math.max(NEWEST, 1 / count) * (value - mean)
      means = {
        loss: mix(means.loss, report.loss, steps),
        accuracy: mix(means.accuracy, accuracy, steps),
        // The first step's time holds the compiling before it, so the second's replaces it.
        secondsPerStep: mix(means.secondsPerStep, secondsPerStep, steps - 1),
      }
      if (at - shown < (live ? TERMINAL_INTERVAL : PLAIN_INTERVAL)) return
      shown = at
      print(progressLine(report, means, live ? width() : Number.POSITIVE_INFINITY), false)
    },
    onEvaluation(row) {
      // The time of an evaluation is none of the next step's.
      last = now()
      print(evaluationLine(row), true)
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

/**
 * For example `epoch 3.2/16 · step 1200/11200 · 312 images/s · loss 1.234 · accuracy 56.1 % · 12 min left`.
 * Where that is wider than `width` characters, the step is left out.
 */
export function progressLine(
  report: StepReport,
  means: { loss: number; accuracy: number; secondsPerStep: number },
  width = Number.POSITIVE_INFINITY,
): string {
  const { step, totalSteps, stepsPerEpoch, batchSize, progress, seconds } = report
  const timed = totalSteps === Number.POSITIVE_INFINITY
  const total = totalSteps / stepsPerEpoch
  const epochs = timed ? '' : `/${Number.isInteger(total) ? total : total.toFixed(1)}`
  const left = timed
    ? (seconds / Math.max(progress, Number.MIN_VALUE)) * (1 - progress)
    : (totalSteps - step) * means.secondsPerStep
  const parts = [
    `epoch ${(step / stepsPerEpoch).toFixed(1)}${epochs}`,
    `step ${step}${timed ? '' : `/${totalSteps}`}`,
    `${trim(batchSize / means.secondsPerStep)} images/s`,
    `loss ${means.loss.toFixed(3)}`,
    `accuracy ${percent(means.accuracy)}`,
    `${formatDuration(left)} left`,
  ]
  const line = parts.join(' · ')
  return line.length <= width ? line : parts.filter((_, index) => index !== 1).join(' · ')
}

const evaluationLine = (row: EvaluationRow): string =>
  `epoch ${row.epoch.toFixed(1)}: accuracy ${percent(row.top1)} and loss ${row.loss.toFixed(3)} on ${row.images} validation images`

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
