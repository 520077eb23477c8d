/**
 * What a server answers while a chain is at work in front of it: the chain's page, and a plain refusal for tasks whose model
 * is still being made. All other requests are the server's own.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { taskRoutes } from '../choose-model.js'
import type { Front } from '../front.js'
import type { Task } from '../outputs.js'
import { overloaded } from '../problem.js'
import { chainContent, chainPage, chainStyle } from './page.js'
import type { ChainView } from './view.js'

const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
/** Drawings choose their colours for light and dark screens in a style sheet of their own. */
const FIGURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
  png: 'image/png',
} as const

const script = readFileSync(new URL('./script.js', import.meta.url), 'utf8').replace(
  /^\/\/# sourceMappingURL=.*\n?/m,
  '',
)

/** For tasks that no model will come for by itself, in seconds. */
const LONG_WAIT = 300
const MOST_WAIT = 3600

/**
 * @param view asked for at each request
 */
export function chainFront(view: () => ChainView): Front {
  return (request, response, next) => {
    const path = new URL(request.url ?? '/', 'http://server').pathname
    const task = taskOf(path)
    if (task !== undefined) {
      if (request.method === 'POST') refuseUntilServed(task, view())
      return next()
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return next()
    if (path === '/' && view().served.size === 0)
      return wantsHtml(request) ? redirect(response, './chain') : send(response, 'html', chainPage(view()))
    const answer = contentOf(path, view)
    if (answer === undefined) return next()
    send(response, answer.type, answer.body)
  }
}

const taskOf = (path: string): Task | undefined =>
  (Object.keys(taskRoutes) as Task[]).find((task) => taskRoutes[task].path === path)

/** Throws a Problem with the time after which the model may be there. */
function refuseUntilServed(task: Task, { served, secondsUntil, summary }: ChainView): void {
  if (served.has(task)) return
  const { noun } = taskRoutes[task]
  const seconds = secondsUntil[task]
  if (seconds === undefined)
    throw overloaded(`There is no ${noun}, and none is being made: ${summary}`, LONG_WAIT)
  const wait = Math.min(MOST_WAIT, Math.max(1, Math.ceil(seconds)))
  throw overloaded(
    `The ${noun} is still being made; it is expected in ${wait} s. The page at /chain shows how far it is.`,
    wait,
  )
}

/** Browsers ask for HTML by name. */
const wantsHtml = ({ headers }: IncomingMessage): boolean => headers.accept?.includes('text/html') === true

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { Location: location }).end()
}

interface Content {
  type: keyof typeof TYPES
  body: string | Uint8Array
}

function contentOf(path: string, view: () => ChainView): Content | undefined {
  switch (path) {
    case '/chain':
      return { type: 'html', body: chainPage(view()) }
    case '/chain/now':
      return { type: 'html', body: String(chainContent(view())) }
    case '/chain/style.css':
      return { type: 'css', body: chainStyle }
    case '/chain/script.js':
      return { type: 'js', body: script }
  }
  const [, stage, name, type] = /^\/chain\/figures\/([\w-]+)\/([\w-]+)\.(svg|png)$/.exec(path) ?? []
  const figures = view().stages.find((each) => each.name === stage)?.figures
  return figures?.find((figure) => figure.name === name && figure.type === type)
}

function send(response: ServerResponse, type: keyof typeof TYPES, body: string | Uint8Array): void {
  const policy = type === 'svg' ? FIGURE_POLICY : PAGE_POLICY
  response.writeHead(200, {
    'Content-Type': TYPES[type],
    'Content-Security-Policy': policy,
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(body)
}
