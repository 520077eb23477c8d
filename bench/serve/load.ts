/** The server under load, beside ONNX Runtime without a server on the same cores. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { shareCores } from '../../serve/workers.js'
import { median } from '../statistics.js'
import type { BareOptions, BareReport } from './bare.js'
import type { LoadOptions, LoadReport } from './load-client.js'
import { MODELS, type ModelName, type Prepared } from './load-models.js'
import { type ServerProcess, startServerProcess } from './server-process.js'

export interface LoadSettings {
  rounds: number
  /** Of each measurement. */
  seconds: number
}

export interface LoadSummary {
  model: ModelName
  sessions: number
  threads: number
  batch: number
  rounds: Round[]
  /** Medians of the rounds. */
  throughput: number
  processorTime: number
  addedMillis: number
  tail: number
}

interface Round {
  /** Images each second at saturation. */
  bare: number
  served: number
  /**
   * Processor time for each image in ms, while both sides run at once, so that whatever else the machine does slows both;
   * of the server, that of its decoders included.
   */
  bareProcessor: number
  servedProcessor: number
  /** One image at a time, in ms: from bytes to answer, and from request to answer. */
  bareAlone: number
  servedAlone: number
  /** At half of the saturation's rate, in ms. */
  half: { rate: number; p50: number; p99: number }
  /** The server's resident memory after the round, in MB, with its decoders. */
  resident: number
  /** Answers other than 200. */
  others: number
}

/** As many as keep the workers busy with full batches, and fewer than may wait: no request is refused. */
export const clientsFor = (sessions: number, batch: number) => Math.min(48, 3 * sessions * batch)

const script = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url))

/** Runs one of this folder's programs, which prints one line of JSON, without stopping this process. */
async function run<T>(name: string, options: object): Promise<T> {
  const child = spawn(process.execPath, [script(name), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk
  return JSON.parse(text)
}

const bare = (options: BareOptions) => run<BareReport>('bare', options)

export const load = (options: LoadOptions) => run<LoadReport>('load-client', options)

/** The value below which such a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]
}

export async function underLoad(
  model: ModelName,
  prepared: Prepared,
  { rounds, seconds }: LoadSettings,
  tell: (sentence: string) => void,
): Promise<LoadSummary> {
  const { workers: sessions, threads } = shareCores({})
  const files = { model: prepared.model, photo: prepared.photo }
  const { batch } = MODELS[model]
  const clients = clientsFor(sessions, batch)
  const server = await startServerProcess([prepared.model], '--max-batch', String(batch))
  const all: Round[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      const full: BareOptions = { ...files, sessions, threads, batch, seconds }
      const peer = await bare(full)
      const one = await measureServer(server, prepared, { seconds, clients })
      const alone = await bare({ ...full, sessions: 1, batch: 1, inTurn: true })
      const [together, servedProcessor] = await Promise.all([
        bare(full),
        processorMillis(server, prepared, { seconds, clients }),
      ])
      all.push({
        bare: peer.imagesPerSecond,
        bareProcessor: together.processorMillis,
        servedProcessor,
        bareAlone: median(alone.millis),
        ...one,
      })
      tell(`${model}, round ${round + 1} of ${rounds}: ${sentence(all.at(-1)!)}`)
    }
  } finally {
    await server.close()
  }
  const middle = (figure: (round: Round) => number) => median(all.map(figure))
  return {
    model,
    sessions,
    threads,
    batch,
    rounds: all,
    throughput: middle((each) => each.served / each.bare),
    processorTime: middle((each) => each.bareProcessor / each.servedProcessor),
    addedMillis: middle((each) => each.servedAlone - each.bareAlone),
    tail: middle(({ half }) => half.p99 / half.p50),
  }
}

function sentence({ bare, served, half }: Round): string {
  return `${served.toFixed(1)} images/s, bare ${bare.toFixed(1)}; at half of it p50 ${half.p50.toFixed(1)} ms, p99 ${half.p99.toFixed(1)} ms`
}

type Served = Omit<Round, 'bare' | 'bareProcessor' | 'bareAlone' | 'servedProcessor'>

type Saturation = Required<Pick<LoadOptions, 'seconds' | 'clients'>>

async function processorMillis(
  server: ServerProcess,
  { path, photo }: Prepared,
  saturation: Saturation,
): Promise<number> {
  const before = server.processorMillis()
  const { millis } = await load({ port: server.port, path, photo, ...saturation })
  return (server.processorMillis() - before) / millis.length
}

async function measureServer(
  server: ServerProcess,
  prepared: Prepared,
  saturation: Saturation,
): Promise<Served> {
  const { seconds } = saturation
  const { port } = server
  const target = { port, path: prepared.path, photo: prepared.photo }
  // Warm: decoders are started when they are needed, and much-used code is compiled.
  await load({ ...target, ...saturation })
  const full = await load({ ...target, ...saturation })
  const served = full.millis.length / full.seconds
  const rate = served / 2
  const half = await load({ ...target, seconds, rate })
  const alone = await load({ ...target, seconds, clients: 1 })
  const { server: own, children } = server.resident()
  const others = [full, half, alone].flatMap(({ statuses }) =>
    Object.entries(statuses).flatMap(([status, times]) => (status === '200' ? [] : [times])),
  )
  return {
    served,
    servedAlone: median(alone.millis),
    half: { rate, p50: median(half.millis), p99: quantile(half.millis, 0.99) },
    resident: own + children,
    others: others.reduce((sum, times) => sum + times, 0),
  }
}
