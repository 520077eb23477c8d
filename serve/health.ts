/** What probes ask: whether the process lives, and whether it can answer. */
import type { RequestHandler } from 'express'
import type { Methods } from './by-method.js'
import type { Inference } from './inference.js'

/** Paths that say that the process lives, also while it closes. */
export const LIVENESS_PATHS: ReadonlySet<string> = new Set(['/livez', '/v2/health/live'])

/** True while every model can compute. */
export function areReady(models: ReadonlyMap<string, Inference>): boolean {
  return [...models.values()].every((model) => model.isReady())
}

/**
 * `/livez`, `/readyz` and `/healthz`. A server that closes refuses the last two with 503, as all requests.
 *
 * @internal
 */
export function healthRoutes(models: ReadonlyMap<string, Inference>): Record<string, Methods> {
  const readiness: RequestHandler = (_request, response) => {
    const states = [...models].map(([name, model]) => ({ name, ready: model.isReady() }))
    const ready = areReady(models)
    response.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'unavailable', models: states })
  }
  return {
    '/livez': { GET: (_request, response) => void response.json({ status: 'ok' }) },
    '/readyz': { GET: readiness },
    '/healthz': { GET: readiness },
  }
}
