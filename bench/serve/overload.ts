/** Ten times as many requests as the server can answer. */
import { shareCores } from '../../serve/workers.js'
import { median } from '../statistics.js'
import { clientsFor, load, quantile } from './load.js'
import { MODELS, type ModelName, type Prepared } from './load-models.js'
import { startServerProcess } from './server-process.js'

export interface OverloadReport {
  model: ModelName
  /** Images each second that the server answers at saturation. */
  capacity: number
  /** Requests each second that were sent. */
  offered: number
  seconds: number
  statuses: Record<string, number>
  /** Requests that got neither an answer of 200 nor a refusal of 503. */
  lost: number
  /** Time until a refusal, in ms. */
  refused: { p50: number; p99: number }
  /** Time until an answer of 200, in ms. */
  accepted: { p50: number; p99: number }
  /** From the last request of the load until a lone one is answered as quickly as before it, in ms. */
  recoveryMillis: number
  /** Resident memory before and after, in MB, of the server and its decoders. */
  resident: { before: number; after: number }
}

const TIMES = 10
/** As quickly as before: within so many times the usual time. */
const QUICKLY = 3

export async function overload(
  model: ModelName,
  { model: file, path, photo }: Prepared,
  seconds: number,
): Promise<OverloadReport> {
  const server = await startServerProcess([file])
  const resident = () => {
    const { server: own, children } = server.resident()
    return own + children
  }
  try {
    const target = { port: server.port, path, photo }
    const clients = clientsFor(shareCores({}).workers, MODELS[model].batch)
    await load({ ...target, seconds: 1, clients })
    const full = await load({ ...target, seconds: Math.min(5, seconds), clients })
    const capacity = full.millis.length / full.seconds
    const alone = await load({ ...target, seconds: 2, clients: 1 })
    const before = resident()
    const until = QUICKLY * median(alone.millis)
    const over = await load({ ...target, seconds, rate: TIMES * capacity, until })
    const sent = Object.values(over.statuses).reduce((sum, times) => sum + times, 0)
    return {
      model,
      capacity,
      offered: sent / over.seconds,
      seconds: over.seconds,
      statuses: over.statuses,
      lost: sent - over.millis.length - over.refusedMillis.length,
      refused: { p50: quantile(over.refusedMillis, 0.5), p99: quantile(over.refusedMillis, 0.99) },
      accepted: { p50: quantile(over.millis, 0.5), p99: quantile(over.millis, 0.99) },
      recoveryMillis: over.recoveryMillis!,
      resident: { before, after: resident() },
    }
  } finally {
    await server.close()
  }
}
