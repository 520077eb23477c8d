/** Headers that tell browsers what they may do with answers. */
import cors from 'cors'
import type { RequestHandler } from 'express'
import helmet from 'helmet'

/**
 * Safe headers for every answer. The policy allows nothing: pages name what they need themselves.
 *
 * @internal
 */
export function safeHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // Says something about the whole host name, for years: whoever ends TLS decides it.
    strictTransportSecurity: false,
  })
}

/**
 * Lets the scripts of these sites read answers. Their preflight requests, which carry no key, are answered here.
 *
 * @param origins Such as `https://example.org`; `*` for all.
 * @internal
 */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  const share = cors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: [
      'X-Request-Id',
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'Inference-Header-Content-Length',
    ],
    maxAge: 600,
  })
  return (request, response, next) => {
    // Other OPTIONS requests ask which methods a path has, and are answered by the path.
    const isPreflight = 'access-control-request-method' in request.headers
    if (request.method === 'OPTIONS' && !isPreflight) next()
    else share(request, response, next)
  }
}
