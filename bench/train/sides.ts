/** The programs that train a case, each measurement a process of its own, and what is made of the measurements. */
import { fileURLToPath } from 'node:url'
import { type ConvolutionPeak, measured, python, sourceOf } from '../measure.js'
import { median } from '../statistics.js'
import { stepGflop, type TrainCase } from './case.js'
import type { TrainReport } from './report.js'

export interface Steps {
  /** Steps before those that are measured, one at least: `torch.compile` compiles in the first. */
  warmup: number
  steps: number
}

/** The peers, and the flags of torch_peer.py that make each. */
export const PEERS: Record<string, string[]> = {
  'PyTorch NCHW': ['--layout', 'nchw'],
  'PyTorch channels-last': ['--layout', 'channels_last'],
  'torch.compile, channels-last': ['--layout', 'channels_last', '--compile'],
}

export function trainOurs(one: TrainCase, { warmup, steps }: Steps, profilePrefix?: string): TrainReport {
  const script = fileURLToPath(new URL('./ours.js', import.meta.url))
  const numbers = [warmup, steps].map(String)
  return measured(process.execPath, [
    script,
    JSON.stringify(one),
    ...numbers,
    ...(profilePrefix ? [profilePrefix] : []),
  ])
}

export function trainPeer(name: string, one: TrainCase, { warmup, steps }: Steps): TrainReport {
  const { stemFilters, imageSize, ...same } = one
  const flags = { ...same, 'stem-filters': stemFilters, 'image-size': imageSize, warmup, steps }
  return measured(python, [
    sourceOf('train/torch_peer.py'),
    ...PEERS[name],
    ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, `${value}`]),
  ])
}

/**
 * Medians of every side, and how many times as fast ours is. `reports.ours` and `peaks` are of the same rounds as the
 * others. Throws where a side trains another number of parameters, so another network.
 */
export function summary(reports: Record<string, TrainReport[]>, one: TrainCase, peaks: ConvolutionPeak[]) {
  const gflop = stepGflop(one)
  const { parameters } = reports.ours[0]
  return Object.entries(reports).map(([name, rounds]) => {
    const middle = (figure: (report: TrainReport, round: number) => number): number =>
      median(rounds.map(figure))
    const { total, trainable } = rounds[0].parameters
    if (total !== parameters.total || trainable !== parameters.trainable)
      throw new Error(
        `${name} trains another network than ours: ${total} parameters (${trainable} trained) instead of ` +
          `${parameters.total} (${parameters.trainable}).`,
      )
    return {
      name,
      imagesPerSecond: middle(({ imagesPerSecond }) => imagesPerSecond),
      gflopPerSecond: middle(({ imagesPerSecond }) => imagesPerSecond * gflop),
      ofPeak: middle(({ imagesPerSecond }, round) => (imagesPerSecond * gflop) / peaks[round].gflopPerSecond),
      stepMillis: median(rounds.flatMap(({ stepMillis }) => stepMillis)),
      firstStepMillis: middle(({ firstStepMillis }) => firstStepMillis),
      peakMemoryBytes: middle(({ peakMemoryBytes }) => peakMemoryBytes),
      // Paired by round: what slows one side of a round tends to slow the others.
      oursToThis: middle(
        ({ imagesPerSecond }, round) => reports.ours[round].imagesPerSecond / imagesPerSecond,
      ),
      lastLoss: middle(({ losses }) => losses[losses.length - 1]),
      parameters: rounds[0].parameters,
      rounds: rounds.map(({ imagesPerSecond }) => imagesPerSecond),
    }
  })
}

export type Side = ReturnType<typeof summary>[number]

/** The peer with the highest rate; undefined where there is none. */
export function bestPeer(sides: Side[]): Side | undefined {
  const peers = sides.filter(({ name }) => name !== 'ours')
  return peers.sort((a, b) => b.imagesPerSecond - a.imagesPerSecond)[0]
}
