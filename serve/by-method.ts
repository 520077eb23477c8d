/** The methods of a path. */
import type { RequestHandler, Response } from 'express'
import { Problem } from './problem.js'

/** Handlers by method; GET answers HEAD too. */
export type Methods = Partial<Record<'GET' | 'POST', RequestHandler>>

/** The pattern of the path that answers a request: a label for metrics, of which there are few. */
export function routeOf(response: Response): string {
  return response.locals.route ?? 'other'
}

/**
 * Calls the handler of the request's method; answers OPTIONS, and 405 with the allowed methods.
 *
 * @internal
 */
export function byMethod(route: string, handlers: Methods): RequestHandler {
  const methods = [...Object.keys(handlers), ...('GET' in handlers ? ['HEAD'] : []), 'OPTIONS']
  const allow = methods.join(', ')
  return (request, response, next) => {
    response.locals.route = route
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const handler = Object.hasOwn(handlers, method) ? handlers[method as keyof Methods] : undefined
    if (handler !== undefined) return handler(request, response, next)
    if (request.method !== 'OPTIONS')
      throw new Problem(405, `${request.method} is not possible at ${request.path}; use ${allow}.`, {
        Allow: allow,
      })
    response.status(204).set('Allow', allow).end()
  }
}
