import {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { urlToHttpOptions } from 'node:url'
import { DatasetError } from '../files/errors.js'
import { plainNetworkError } from './network-error.js'
import { type ProxyServer, proxyFor, proxyHeaders, proxyName } from './proxy.js'

const maxRedirects = 5

export interface FileRequest {
  headers: Record<string, string>
  signal?: AbortSignal
  /** Milliseconds without a byte after which the connection is cut. */
  silence: number
}

export interface FileResponse {
  response: IncomingMessage
  /** What messages call the peer that answered: the server, or the proxy in front of it. */
  peer: string
}

/**
 * One GET over HTTP(S), redirects followed, through the proxy that the environment names. Unlike `fetch`, it never
 * unpacks a body that the server labels with a content encoding, as some do with `.tar.gz`: the bytes are the file's.
 *
 * @throws DatasetError for what another try cannot change; Error with a plain message, or the network's own error.
 */
export async function requestFile(url: string, options: FileRequest): Promise<FileResponse> {
  let target = parseUrl(url)
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const answer = await get(target, options)
    const { statusCode = 0, headers } = answer.response
    if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) return answer
    answer.response.destroy()
    target = parseUrl(headers.location, target.href)
  }
  throw new Error(`the server redirected more than ${maxRedirects} times`)
}

function parseUrl(text: string, base?: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new DatasetError(`"${text}" is not an address of the form https://…`)
}

async function get(url: URL, { headers, signal, silence }: FileRequest): Promise<FileResponse> {
  const proxy = proxyFor(url)
  const options = {
    ...urlToHttpOptions(url),
    headers: { 'Accept-Encoding': 'identity', ...headers },
    signal,
  }
  if (proxy === undefined) {
    const start = url.protocol === 'http:' ? requestHttp : requestHttps
    return { response: await answerTo(start(options), 'the server', silence), peer: 'the server' }
  }
  if (url.protocol === 'https:') {
    const socket = await openTunnel(url, proxy, { signal, silence })
    const request = requestHttps({ ...options, agent: false, ...{ socket } })
    return { response: await answerTo(request, 'the server', silence), peer: 'the server' }
  }
  const request = startAtProxy(proxy, {
    ...options,
    path: url.origin + url.pathname + url.search,
    headers: { ...options.headers, ...proxyHeaders(proxy), Host: url.host },
  })
  const name = proxyName(proxy)
  const response = await answerTo(request, name, silence).catch(throwForProxy(proxy))
  if (response.statusCode === 407) {
    response.destroy()
    throw refusedByProxy(url, proxy, response)
  }
  // A proxy answers these where it cannot reach the server; it passes all others on.
  const isProxys = [502, 503, 504].includes(response.statusCode ?? 0)
  return { response, peer: isProxys ? name : `the server (through ${name})` }
}

/** A connection to the target's host and port that the proxy passes bytes through (RFC 9110, section 9.3.6). */
async function openTunnel(
  url: URL,
  proxy: ProxyServer,
  { signal, silence }: Pick<FileRequest, 'signal' | 'silence'>,
): Promise<Socket> {
  const authority = `${url.hostname}:${url.port || 443}`
  const request = startAtProxy(proxy, {
    method: 'CONNECT',
    path: authority,
    headers: { ...proxyHeaders(proxy), Host: authority },
    signal,
  })
  const name = proxyName(proxy)
  const answered = new Promise<{ response: IncomingMessage; socket: Socket; head: Buffer }>((resolve) => {
    request.once('connect', (response, socket, head) => resolve({ response, socket: socket as Socket, head }))
  })
  // The answer to CONNECT is an event of its own; what comes here is a failure.
  const failed = answerTo(request, name, silence).catch(throwForProxy(proxy)) as Promise<never>
  const { response, socket, head } = await Promise.race([answered, failed])
  const { statusCode = 0 } = response
  if (statusCode >= 200 && statusCode < 300) {
    socket.setTimeout(0)
    if (head.length > 0) socket.unshift(head)
    return socket
  }
  socket.destroy()
  const passes = statusCode >= 500 || statusCode === 408 || statusCode === 429
  if (passes) throw new Error(`${name} answered ${statusText(response)}`)
  throw refusedByProxy(url, proxy, response)
}

function startAtProxy({ url }: ProxyServer, options: RequestOptions): ClientRequest {
  const start = url.protocol === 'http:' ? requestHttp : requestHttps
  const { hostname, port } = urlToHttpOptions(url)
  return start({ ...options, agent: false, protocol: url.protocol, hostname, port })
}

/** Sends the request and waits for its answer; cuts it after `silence` milliseconds without a byte. */
function answerTo(request: ClientRequest, peer: string, silence: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve).on('error', reject)
    request.setTimeout(silence, () => {
      request.destroy(new Error(`${peer} was silent for ${silence / 1000} s`))
    })
    request.end()
  })
}

function throwForProxy(proxy: ProxyServer): (error: Error) => never {
  return (error) => {
    if (error.name === 'AbortError') throw error
    throw new Error(`${plainNetworkError(error, proxyName(proxy))} (the variable ${proxy.variable} names it)`)
  }
}

function refusedByProxy(url: URL, proxy: ProxyServer, response: IncomingMessage): DatasetError {
  const example = `${proxy.url.protocol}//NAME:PASSWORD@${proxy.url.host}`
  const advice =
    response.statusCode !== 407
      ? 'let it pass the address, or download the file elsewhere and use --from'
      : 'Proxy-Authorization' in proxyHeaders(proxy)
        ? `it refuses the name and password in ${proxy.variable}`
        : `set ${proxy.variable} to ${example}`
  return new DatasetError(
    `${url.href} could not be downloaded: ${proxyName(proxy)} answered ${statusText(response)}; ${advice}.`,
  )
}

/** Status and reason of an answer, such as `404 Not Found`. */
export function statusText({ statusCode, statusMessage = '' }: IncomingMessage): string {
  return `${statusCode} ${statusMessage}`.trimEnd()
}
