import { get as httpGet, type IncomingMessage } from 'node:http'
import { get as httpsGet } from 'node:https'
import { DatasetError } from './errors.js'

const maxRedirects = 5

/**
 * One GET over HTTP(S), redirects followed. Unlike `fetch`, it never unpacks a body that the server labels
 * with a content encoding, as some do with `.tar.gz`: the bytes are the file's.
 *
 * @param silence Milliseconds without a byte after which the connection is cut.
 */
export async function requestFile(
  url: string,
  { headers, signal, silence }: { headers: Record<string, string>; signal?: AbortSignal; silence: number },
): Promise<IncomingMessage> {
  let target = parseUrl(url)
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await get(target, { headers, signal, silence })
    const { statusCode = 0 } = response
    if (statusCode < 300 || statusCode >= 400 || response.headers.location === undefined) return response
    response.destroy()
    target = parseUrl(response.headers.location, target.href)
  }
  throw new Error(`the server redirected more than ${maxRedirects} times`)
}

function parseUrl(text: string, base?: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new DatasetError(`"${text}" is no address of the form https://…`)
}

function get(
  url: URL,
  { headers, signal, silence }: { headers: Record<string, string>; signal?: AbortSignal; silence: number },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'http:' ? httpGet : httpsGet
    const request = start(url, { headers: { 'Accept-Encoding': 'identity', ...headers }, signal }, resolve)
    request.on('error', reject)
    request.setTimeout(silence, () => {
      request.destroy(new Error(`the server was silent for ${silence / 1000} s`))
    })
  })
}
