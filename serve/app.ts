/** The HTTP interface: its paths, and what every request passes through. */
import express, { type Express, type RequestHandler } from 'express'
import { answerImage, type ImageService } from './answer-image.js'
import { byMethod, type Methods, routeOf } from './by-method.js'
import { taskRoutes } from './choose-model.js'
import { classify } from './classify.js'
import { descriptionRoutes } from './description.js'
import { detect } from './detect.js'
import type { Front } from './front.js'
import type { Guard } from './guard.js'
import { healthRoutes, LIVENESS_PATHS } from './health.js'
import { type Log, logRequests } from './log.js'
import type { Metrics } from './metrics/metrics.js'
import { openInferenceRoutes } from './open-inference.js'
import type { OpenRequests } from './open-requests.js'
import { page, pageFiles, pageHeaders } from './page.js'
import { Problem } from './problem.js'
import { crossOrigin, safeHeaders } from './safety/headers.js'
import { requestIdOf } from './safety/request-id.js'
import { onError } from './send-problem.js'
import { welcome } from './welcome.js'

export interface AppOptions extends ImageService {
  log: Log
  metrics: Metrics
  guard: Guard
  /** Sites whose scripts may read answers; undefined: none. */
  corsOrigins?: readonly string[]
  /** Reverse proxies whose `X-Forwarded-For` is believed. */
  trustProxy: number
  /** Sees every request that is let in before the paths below. */
  front?: Front
}

/**
 * The application of all paths.
 *
 * @internal Its declaration would ask dependents for the types of Express.
 */
export function createApp(options: AppOptions): Express {
  const { log, metrics, guard, corsOrigins, trustProxy, front, ...service } = options
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.set('trust proxy', trustProxy)
  app.use(identify, logRequests(log), measureRequests(metrics), safeHeaders(), neverStored)
  app.use(beginRequest(service.requests))
  if (corsOrigins !== undefined) app.use(crossOrigin(corsOrigins))
  for (const handler of guard.handlers) app.use(handler)
  if (front !== undefined) app.use(front)

  const paths: Record<string, Methods> = {
    ...entrance(service),
    ...healthRoutes(service.models),
    '/metrics': { GET: answerMetrics(metrics) },
    [taskRoutes.classification.path]: { POST: answerImage(classify, service) },
    [taskRoutes.detection.path]: { POST: answerImage(detect, service) },
    ...openInferenceRoutes(service),
    ...descriptionRoutes(service, guard.needsKeys),
  }
  for (const [path, methods] of Object.entries(paths)) app.all(path, byMethod(path, methods))
  for (const [path, { type, text }] of Object.entries(pageFiles))
    app.all(path, byMethod(path, { GET: (_request, response) => void response.type(type).send(text) }))

  const named = Object.keys(paths).filter((path) => !path.includes(':'))
  app.use((request) => {
    throw new Problem(404, `There is nothing at ${request.path}; there are ${named.join(', ')}.`)
  })
  app.use(onError(log, service.observer))
  return app
}

/** `/` and `/models`: what is served here. */
function entrance({ models }: ImageService): Record<string, Methods> {
  const cards = () => [...models.values()].map(({ card }) => card)
  return {
    '/': {
      GET: (request, response) => {
        response.vary('Accept')
        // Clients that accept both, as curl does, get JSON.
        if (request.accepts(['json', 'html']) === 'html') response.set(pageHeaders).send(page)
        else response.json(welcome(`${request.protocol}://${request.host ?? 'localhost'}`, cards()))
      },
    },
    '/models': {
      GET: (_request, response) => {
        const served = [...models.values()]
        response.json({
          models: served.map(({ card, version }) => ({ ...card, version, path: taskRoutes[card.task].path })),
        })
      },
    },
  }
}

const identify: RequestHandler = (request, response, next) => {
  response.set('X-Request-Id', requestIdOf(request.headers['x-request-id']))
  next()
}

const neverStored: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store')
  next()
}

function measureRequests(metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const end = metrics.begin(request.method)
    response.once('close', () => end(routeOf(response), response.headersSent ? response.statusCode : 499))
    next()
  }
}

function answerMetrics(metrics: Metrics): RequestHandler {
  return async (_request, response) => {
    response.set('Content-Type', metrics.contentType).send(await metrics.text())
  }
}

/** Registers every request, whatever its path. */
function beginRequest(requests: OpenRequests): RequestHandler {
  return (request, response, next) => {
    const { signal } = requests.begin(request, response)
    if (!LIVENESS_PATHS.has(request.path)) signal.throwIfAborted()
    next()
  }
}
