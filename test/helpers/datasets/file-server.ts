/** A server of one file that misbehaves as a test wants it to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// These servers are reached directly, whatever proxy the environment names.
process.env.no_proxy = '127.0.0.1'

export type Answer = (request: IncomingMessage, response: ServerResponse, content: Buffer) => void

export interface FileServer {
  url: string
  /** The `Range` header of each request that came, or `whole`. */
  requests: string[]
  close: () => Promise<void>
}

/** Answers the first request with the first of `answers`, and so on; the last one stays. */
export async function serveFile(content: () => Buffer, answers: Answer[]): Promise<FileServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]
    requests.push(request.headers.range ?? 'whole')
    answer(request, response, content())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/file`,
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** As a good server does it: ETag, Range, If-Range. */
export const whole =
  (etag = '"1"'): Answer =>
  (request, response, content) => {
    response.end(content.subarray(startAnswer(request, response, content, etag)))
  }

/** Like `whole`, but the connection is cut after `bytes` bytes of the body, as soon as `arrived` has seen them all. */
export const cutAfter =
  (bytes: number, arrived: (total: number) => Promise<void>, etag = '"1"'): Answer =>
  async (request, response, content) => {
    const start = startAnswer(request, response, content, etag)
    response.write(content.subarray(start, start + bytes))
    await arrived(start + bytes)
    response.destroy()
  }

/** Knows no Range. */
export const withoutRange: Answer = (_, response, content) => {
  response.writeHead(200, { 'Content-Length': content.length })
  response.end(content)
}

export const status =
  (code: number): Answer =>
  (_, response) => {
    response.writeHead(code)
    response.end('no')
  }

/** Writes the head and returns where in the file the body starts. */
function startAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  etag: string,
): number {
  const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const condition = request.headers['if-range']
  const resumes = match !== null && (condition === undefined || condition === etag)
  const start = resumes ? Number(match[1]) : 0
  response.writeHead(resumes ? 206 : 200, {
    ETag: etag,
    'Content-Length': content.length - start,
    ...(resumes && { 'Content-Range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  })
  return start
}
