/** The programs that train and run detectors, each measurement a process of its own, and what is made of the measurements. */
import { fileURLToPath } from 'node:url'
import { type ConvolutionPeak, measured, python, sourceOf } from '../measure.js'
import { median } from '../statistics.js'
import type { DetectReport } from './report.js'

export type Mode = 'train' | 'run'
export type Layout = 'nchw' | 'channels_last'

export interface Measurement {
  /** The scene's folder. */
  folder: string
  preset: string
  /** Steps or inferences before those that are measured, one at least: `torch.compile` compiles in the first. */
  warmup: number
  steps: number
  /** Of eager PyTorch; compiled, it is always channels-last. */
  layout: Layout
}

interface Peer {
  /** As torchvision_peer.py calls it. */
  model: string
  /** Peers of one network compete for being PyTorch's best. */
  network: string
  compiled: boolean
}

const MOBILENET = { model: 'mobilenet', network: 'MobileNetV3-Large FPN' }
const RESNET = { model: 'resnet50', network: 'ResNet-50 FPN' }

export const PEERS: Record<string, Peer> = {
  'torchvision MobileNetV3-Large 320 FPN': {
    model: 'mobilenet320',
    network: 'MobileNetV3-Large 320 FPN',
    compiled: false,
  },
  'torchvision MobileNetV3-Large FPN': { ...MOBILENET, compiled: false },
  'torchvision MobileNetV3-Large FPN, torch.compile': { ...MOBILENET, compiled: true },
  'torchvision ResNet-50 FPN': { ...RESNET, compiled: false },
  'torchvision ResNet-50 FPN, torch.compile': { ...RESNET, compiled: true },
}

export function runOurs(
  mode: Mode | 'prepare',
  { folder, preset, warmup, steps }: Measurement,
  ...profilePrefix: string[]
): DetectReport {
  const script = fileURLToPath(new URL('./ours.js', import.meta.url))
  return measured(process.execPath, [script, mode, folder, preset, `${warmup}`, `${steps}`, ...profilePrefix])
}

export function runPeer(
  name: string,
  mode: Mode,
  { folder, warmup, steps, ...others }: Measurement,
): DetectReport {
  const { model, compiled } = PEERS[name]
  const layout = compiled ? 'channels_last' : others.layout
  const flags = Object.entries({ layout, warmup, steps }).flatMap(([flag, value]) => [
    `--${flag}`,
    `${value}`,
  ])
  if (compiled) flags.push('--compile')
  return measured(python, [sourceOf('detect/torchvision_peer.py'), model, mode, folder, ...flags])
}

/**
 * GFLOP/s: in training three times the forward pass, since the gradients of inputs and of weights each cost about what
 * that does.
 */
export const rate = (mode: Mode, { imagesPerSecond, gflop }: DetectReport): number =>
  imagesPerSecond * gflop * (mode === 'train' ? 3 : 1)

/** Medians of every side, and how many times as fast ours is. `reports.ours` and `peaks` are of the same rounds. */
export function summary(mode: Mode, reports: Record<string, DetectReport[]>, peaks: ConvolutionPeak[]) {
  // Paired by round: what slows one side of a round tends to slow the others.
  const oursTo = (rounds: DetectReport[], speed: (report: DetectReport) => number): number =>
    median(rounds.map((report, round) => speed(reports.ours[round]) / speed(report)))
  return Object.entries(reports).map(([name, rounds]) => {
    const middle = (figure: (report: DetectReport) => number): number => median(rounds.map(figure))
    const [first] = rounds
    return {
      name,
      imagesPerSecond: middle(({ imagesPerSecond }) => imagesPerSecond),
      gflop: middle(({ gflop }) => gflop),
      gflopPerSecond: middle((report) => rate(mode, report)),
      ofPeak: median(rounds.map((report, round) => rate(mode, report) / peaks[round].gflopPerSecond)),
      oursToThis: {
        imagesPerSecond: oursTo(rounds, ({ imagesPerSecond }) => imagesPerSecond),
        gflopPerSecond: oursTo(rounds, (report) => rate(mode, report)),
      },
      stepMillis: median(rounds.flatMap(({ stepMillis }) => stepMillis)),
      firstStepMillis: middle(({ firstStepMillis }) => firstStepMillis),
      peakMemoryBytes: middle(({ peakMemoryBytes }) => peakMemoryBytes),
      startMemoryBytes: middle(({ startMemoryBytes }) => startMemoryBytes),
      parameters: first.parameters,
      loss: first.loss,
      detections: first.detections,
      version: first.version,
      rounds: rounds.map(({ imagesPerSecond }) => imagesPerSecond),
    }
  })
}

export type Side = ReturnType<typeof summary>[number]

/** Of each network that PyTorch runs, the side with the highest rate. */
export function bestPeers(sides: Side[]): { network: string; side: Side }[] {
  const best = new Map<string, Side>()
  for (const side of sides) {
    const network = PEERS[side.name]?.network
    if (network === undefined) continue
    const other = best.get(network)
    if (other === undefined || side.imagesPerSecond > other.imagesPerSecond) best.set(network, side)
  }
  return [...best].map(([network, side]) => ({ network, side }))
}
