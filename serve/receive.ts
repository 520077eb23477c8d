/** A request's body from its first byte to the end of the work on it, under the limits that all requests share. */
import type { ServerResponse } from 'node:http'
import type { UploadBudget } from './held-bytes.js'
import type { OpenRequests } from './open-requests.js'
import type { BodyOptions } from './upload.js'

/**
 * Reads a body, which counts among the bytes of all uploads until the work on it is done; the deadline begins when it
 * has arrived.
 *
 * @param read Throws the reason of its signal once the client has left or the body has to make room for others.
 * @param work Its signal is that of the request.
 * @throws what `read` and `work` throw
 */
export async function receive<Body>(
  { requests, uploads }: { requests: OpenRequests; uploads: UploadBudget },
  response: ServerResponse,
  read: (options: BodyOptions) => Promise<Body>,
  work: (body: Body, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { signal, arrived } = requests.get(response)
  const evicted = new AbortController()
  const held = uploads.open((problem) => evicted.abort(problem))
  try {
    const body = await read({ held, signal: AbortSignal.any([signal, evicted.signal]) })
    held.complete()
    arrived()
    await work(body, signal)
  } finally {
    held.release()
  }
}
