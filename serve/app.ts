/** The HTTP interface: its paths, and how errors are answered. */
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import type { ModelCard } from '../src/shared/model-card.js'
import { answerImage, type ImageService } from './answer-image.js'
import { taskRoutes } from './choose-model.js'
import { classify } from './classify.js'
import { curlExamples } from './curl.js'
import { detect } from './detect.js'
import { detectionDefaults } from './detections.js'
import { type Log, logRequests } from './log.js'
import type { OpenRequests } from './open-requests.js'
import type { Task } from './outputs.js'
import { page, pageFiles, pageHeaders } from './page.js'
import { ClientGone, Problem, toProblem } from './problem.js'

export interface AppOptions extends ImageService {
  log: Log
}

/** How long a client that is answered before it has sent everything may continue to send. */
const lingerMilliseconds = 1000

/**
 * Sends an error as `application/problem+json`. When the request has not fully arrived (too large, wrong type), the
 * rest is read and discarded for a moment, since a client whose connection is cut while it sends may never read the
 * answer; then the connection is cut.
 */
function sendProblem(request: Request, response: Response, problem: Problem): void {
  const body = Buffer.from(JSON.stringify(problem))
  response.status(problem.status).set(problem.headers)
  response.set({ 'Content-Type': 'application/problem+json', 'Content-Length': String(body.length) })
  response.write(body)
  const end = () => {
    response.end(() => request.complete || request.socket.destroy())
  }
  if (request.complete || problem.cut) {
    end()
    return
  }
  const timer = setTimeout(end, lingerMilliseconds)
  request
    .once('end', end)
    .once('close', () => clearTimeout(timer))
    .resume()
}

/**
 * The application of all paths.
 *
 * @internal Its declaration would ask dependents for the types of Express.
 */
export function createApp({ log, ...service }: AppOptions): Express {
  const { models } = service
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.use(logRequests(log), commonHeaders, beginRequest(service.requests))

  const cards = () => [...models.values()].map(({ card }) => card)
  const paths: Record<string, Record<string, RequestHandler>> = {
    '/': {
      GET: (request, response) => {
        response.vary('Accept')
        // Clients that accept both, as curl does, get JSON.
        if (request.accepts(['json', 'html']) === 'html') response.set(pageHeaders).send(page)
        else response.json(welcome(`${request.protocol}://${request.host ?? 'localhost'}`, cards()))
      },
    },
    '/healthz': {
      GET: (_request, response) => {
        const states = [...models].map(([name, inference]) => ({ name, ready: inference.isReady() }))
        const ready = states.every((state) => state.ready)
        response.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'unavailable', models: states })
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
    [taskRoutes.classification.path]: { POST: answerImage(classify, service) },
    [taskRoutes.detection.path]: { POST: answerImage(detect, service) },
  }
  for (const [path, methods] of Object.entries(paths)) app.all(path, byMethod(methods))
  for (const [path, { type, text }] of Object.entries(pageFiles))
    app.all(path, byMethod({ GET: (_request, response) => void response.type(type).send(text) }))

  app.use((request) => {
    throw new Problem(404, `There is nothing at ${request.path}; there are ${Object.keys(paths).join(', ')}.`)
  })
  app.use(onError(log))
  return app
}

const taskHelp: Record<Task, string> = {
  classification: 'the most probable classes of one image; ?top=K, ?model=NAME',
  detection: `the objects in one image; ?minScore=${detectionDefaults.minScore}, ?max=${detectionDefaults.max}, ?draw=1 (answers a PNG), ?model=NAME`,
}

/** The answer to `GET /` for clients such as curl; browsers get the page. */
function welcome(address: string, cards: ModelCard[]) {
  const tasks = [...new Set(cards.map(({ task }) => task))]
  return {
    paths: {
      ...Object.fromEntries(tasks.map((task) => [`POST ${taskRoutes[task].path}`, taskHelp[task]])),
      'GET /models': 'the models: labels, input size, how they were made',
      'GET /healthz': '200 while every model can answer',
    },
    models: cards.map(({ name }) => name),
    examples: curlExamples(address, cards),
  }
}

/** Calls the handler of the request's method; answers OPTIONS, and 405 with the allowed methods. */
function byMethod(handlers: Record<string, RequestHandler>): RequestHandler {
  const methods = [...Object.keys(handlers), ...('GET' in handlers ? ['HEAD'] : []), 'OPTIONS']
  const allow = methods.join(', ')
  return (request, response, next) => {
    const handler = handlers[request.method === 'HEAD' ? 'GET' : request.method]
    if (handler !== undefined) return handler(request, response, next)
    if (request.method !== 'OPTIONS')
      throw new Problem(405, `${request.method} is not possible at ${request.path}; use ${allow}.`, {
        Allow: allow,
      })
    response.status(204).set('Allow', allow).end()
  }
}

const commonHeaders: RequestHandler = (_request, response, next) => {
  response.set({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' })
  next()
}

/** Registers every request, whatever its path. */
function beginRequest(requests: OpenRequests): RequestHandler {
  return (request, response, next) => {
    requests.begin(request, response).signal.throwIfAborted()
    next()
  }
}

/** Express recognises an error handler by its four parameters. */
function onError(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (error instanceof ClientGone) {
      response.destroy()
      return
    }
    const problem = toProblem(error)
    // Overload shows as the status in the request's own line.
    if (problem.status >= 500 && problem.status !== 503)
      log({ event: 'error', path: request.path, error: reasonOf(error) })
    if (response.headersSent) response.destroy()
    else sendProblem(request, response, problem)
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Problem) return error.detail
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
