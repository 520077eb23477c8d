/** Measurements side by side: each a process of its own, in alternating rounds, since a machine's speed drifts. */
import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { wholeNumber } from '../src/commands/shared/flags.js'
import { median } from './statistics.js'

/** Reads a flag's number of rounds, steps and the like. */
export const count = wholeNumber(1, 999_999)

/** The Python that peers run in. */
export const python = process.env.PYTHON ?? 'python3'

export function canImport(modules: string): boolean {
  return spawnSync(python, ['-c', `import ${modules}`], { stdio: 'ignore' }).status === 0
}

/** Where bench/`path` lies. Python is not compiled: it is in the source tree, two folders above the build's. */
export function sourceOf(path: string): string {
  return fileURLToPath(new URL(`../../bench/${path}`, import.meta.url))
}

/** Runs a program that prints one line of JSON. Throws with what it wrote to standard error. */
export function measured<T>(program: string, args: string[]): T {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed (${signal ?? status}):\n${stderr}`)
  return JSON.parse(stdout)
}

/**
 * Measures every side once in each round, in turn, every other round from the last to the first, so that none always
 * comes after the same one; says on standard error how far it is. `before`: what to do first in each round.
 */
export function inRounds<Side extends string, T>(
  sides: Partial<Record<Side, () => T>>,
  rounds: number,
  tell: (report: T) => string,
  before: () => void = () => {},
): Record<Side, T[]> {
  const entries = Object.entries(sides) as [Side, () => T][]
  // The order of the sides, not that of the first round's measurements.
  const reports = Object.fromEntries(entries.map(([name]) => [name, [] as T[]])) as Record<Side, T[]>
  for (let round = 1; round <= rounds; round++) {
    before()
    for (const [name, measure] of round % 2 === 1 ? entries : [...entries].reverse()) {
      process.stderr.write(`round ${round} of ${rounds}, ${name}: `)
      const report = measure()
      console.error(tell(report))
      reports[name].push(report)
    }
  }
  return reports
}

/** What dense convolutions reach on this machine. */
export interface ConvolutionPeak {
  /** Multiply-adds × 2, in thousand millions a second. */
  gflopPerSecond: number
  /** Which convolution was the fastest. */
  convolution: string
}

/** Measures {@link ConvolutionPeak} once, in a process of its own; says on standard error what it is. */
export function convolutionPeak(): ConvolutionPeak {
  const script = fileURLToPath(new URL('./convolution-peak.js', import.meta.url))
  const peak = measured<ConvolutionPeak>(process.execPath, [script])
  console.error(`convolution peak: ${peak.gflopPerSecond.toFixed(1)} GFLOP/s`)
  return peak
}

/** The median of several rounds' peaks. */
export function medianPeak(peaks: ConvolutionPeak[]): ConvolutionPeak {
  const rates = peaks.map(({ gflopPerSecond }) => gflopPerSecond)
  return { ...peaks[0], gflopPerSecond: median(rates) }
}

/** How a table says what the shares of the peak are of. */
export const peakLine = ({ gflopPerSecond, convolution }: ConvolutionPeak): string =>
  `Peak: ${gflopPerSecond.toFixed(1)} GFLOP/s, a dense convolution in ONNX Runtime on all cores (${convolution}).`

export const machine = `${cpus()[0].model}, ${availableParallelism()} cores`

export function warnIfBusy(): void {
  if (loadavg()[0] > 1)
    console.error('Other programs keep this machine busy: the timings will be unreliable.')
}
