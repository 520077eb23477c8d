/** `/openapi.json` and `/docs`: the interface, described for programs and for people. */
import { packageVersion } from '../src/shared/package-root.js'
import type { ImageService } from './answer-image.js'
import type { Methods } from './by-method.js'
import { docsPage, docsStyle } from './openapi/docs-page.js'
import { openApiDocument } from './openapi/document.js'
import { operationsOf } from './operations.js'
import { pageHeaders } from './page.js'

/**
 * The routes.
 *
 * @param keys Whether requests need an API key.
 * @internal
 */
export function descriptionRoutes(service: ImageService, keys: boolean): Record<string, Methods> {
  const document = () =>
    openApiDocument({
      title: 'nasnet-toolkit',
      version: packageVersion(),
      description: 'Image classifiers and detectors over HTTP.',
      operations: operationsOf(service),
      keys,
    })
  return {
    '/openapi.json': { GET: (_request, response) => void response.json(document()) },
    '/docs': {
      GET: (_request, response) =>
        void response.set(pageHeaders).send(docsPage(document(), 'docs/style.css')),
    },
    '/docs/style.css': { GET: (_request, response) => void response.type('css').send(docsStyle) },
  }
}
