/** Who is let in: API keys and rates, before anything of a request's body is read. */
import type { RequestHandler, Response } from 'express'
import { ipKeyGenerator, MemoryStore, rateLimit } from 'express-rate-limit'
import { Problem } from './problem.js'
import type { ApiKeys } from './safety/api-keys.js'

export interface GuardOptions {
  /** Undefined: everybody may ask. */
  apiKeys?: ApiKeys
  /** Requests a minute for each key, or for each address where there are no keys; 0: no limit. */
  rateLimit: number
}

/** What probes ask: they have no keys, and asking too often must not make a server look dead. */
const OPEN_PATHS = new Set(['/healthz', '/livez', '/readyz', '/v2/health/live', '/v2/health/ready'])

const WINDOW_SECONDS = 60

/** The short name of the request's API key; undefined before it is checked and where there are no keys. */
export function keyOf(response: Response): string | undefined {
  return response.locals.apiKey
}

export class Guard {
  /**
   * To be used in this order. Requests with wrong keys count against their address.
   *
   * @internal
   */
  readonly handlers: RequestHandler[] = []
  /** Whether requests need an API key. */
  readonly needsKeys: boolean
  readonly #store = new MemoryStore()

  constructor({ apiKeys, rateLimit: limit }: GuardOptions) {
    this.needsKeys = apiKeys !== undefined
    if (apiKeys !== undefined)
      this.handlers.push((request, response, next) => {
        response.locals.apiKey = apiKeys.identify(request.headers)
        next()
      })
    if (limit > 0) this.handlers.push(this.#limiter(limit))
    if (apiKeys !== undefined)
      this.handlers.push((request, response, next) => {
        if (keyOf(response) === undefined && !OPEN_PATHS.has(request.path)) throw keyRequired(request.headers)
        next()
      })
  }

  /** Ends the timers. */
  close(): void {
    this.#store.shutdown()
  }

  #limiter(limit: number): RequestHandler {
    return rateLimit({
      windowMs: WINDOW_SECONDS * 1000,
      limit,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      store: this.#store,
      // Its checks print warnings about proxies that are not configured; the docs tell how to configure them.
      validate: false,
      skip: (request) => OPEN_PATHS.has(request.path),
      keyGenerator: (request, response) => keyOf(response) ?? ipKeyGenerator(request.ip ?? ''),
      handler: (_request, response) => {
        const seconds = String(response.getHeader('Retry-After') ?? WINDOW_SECONDS)
        throw new Problem(
          429,
          `More than ${limit} requests came within a minute; try again in ${seconds} s.`,
          {
            'Retry-After': seconds,
          },
        )
      },
    })
  }
}

function keyRequired({ authorization, 'x-api-key': key }: Record<string, unknown>): Problem {
  const why =
    authorization === undefined && key === undefined
      ? 'This server needs an API key'
      : 'The API key of the request is not valid here'
  return new Problem(401, `${why}; send one as "Authorization: Bearer KEY" or "X-API-Key: KEY".`, {
    'WWW-Authenticate': 'Bearer realm="toolkit serve"',
  })
}
