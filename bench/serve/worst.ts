/** The costliest requests of 64 clients at once, each kind in a server of its own, while another client asks too. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { progressiveJpeg } from '../../test/helpers/serve/jpeg.js'
import { noisyJpeg } from '../../test/helpers/serve/support.js'
import { exchange, type Outcome, request, send } from './client.js'
import { type ServerProcess, startServerProcess } from './server-process.js'

export interface WorstReport {
  kind: string
  /** Bytes that each attacker sends. */
  bytes: number
  /** Growth of resident memory at the peak, in MB. */
  grown: { server: number; children: number }
  /** Statuses of the answers to the attackers; 0: none. */
  statuses: Record<string, number>
  /** The longest wait of an attacker, in seconds. */
  longest: number
  /** The answers to the other client meanwhile, in ms. */
  others: { asked: number; answered: number; median: number; longest: number }
}

interface Attack {
  kind: string
  bytes: number
  start(port: number): Promise<Outcome>
}

const MB = 2 ** 20
const CLIENTS = 64
/** The largest image that the server accepts by default. */
const SIDE = 7071

async function attacks(): Promise<Attack[]> {
  const plain = sharp({
    create: { width: SIDE, height: SIDE, channels: 3, background: 'red' },
    limitInputPixels: false,
  })
  const avif = await plain.clone().avif({ effort: 0 }).toBuffer()
  const scans = progressiveJpeg(SIDE, 2600)
  const smallScans = progressiveJpeg(1500, 2600)
  const noisy = await noisyJpeg(2000)
  const type = 'image/jpeg'
  const whole = (kind: string, path: string, body: Buffer): Attack => {
    const bytes = request(path, type, body)
    return { kind, bytes: bytes.length, start: (port) => exchange(port, bytes) }
  }
  const held = (kind: string, bytes: Buffer, hold: (socket: Socket) => void): Attack => ({
    kind,
    bytes: bytes.length,
    start: (port) => until(send(port, bytes), hold),
  })
  const full = request('/classify', type, Buffer.alloc(10 * MB))
  const pieces = Buffer.concat([
    Buffer.from(
      `POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ),
    Buffer.from('1\r\nx\r\n'.repeat(MB)),
  ])
  return [
    whole('AVIF of 50 megapixels', '/classify', avif),
    whole('AVIF of 50 megapixels, drawn', '/detect?draw=1', avif),
    whole('JPEG of 50 megapixels and 2,600 scans', '/classify', scans),
    whole('JPEG of 2 megapixels and 2,600 scans', '/classify', smallScans),
    held('uploads of 10 MB that stall', full.subarray(0, -1), (socket) => socket.resume()),
    held('uploads in pieces of one byte that stall', pieces, (socket) => socket.resume()),
    held('drawn answers that are not read', request('/detect?draw=1', type, noisy), (socket) =>
      socket.pause(),
    ),
  ]
}

/** Resolves with the status when the server closes the connection; a client that does not read never notices. */
function until(socket: Socket, hold: (socket: Socket) => void): Promise<Outcome> {
  const start = performance.now()
  hold(socket)
  return new Promise((resolve) => {
    let status = 0
    socket.on('data', (chunk) => {
      status ||= Number(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString('latin1', 0, 20))?.[1] ?? 0)
    })
    socket.on('close', () => resolve({ status, milliseconds: performance.now() - start }))
  })
}

/** @param only Selects attacks whose kind contains this text; all when it is empty. */
export async function worst(
  models: string[],
  only: string,
  onReport: (report: WorstReport) => void,
): Promise<WorstReport[]> {
  const good = request('/classify', 'image/png', await smallImage())
  const reports: WorstReport[] = []
  for (const attack of (await attacks()).filter(({ kind }) => kind.includes(only))) {
    const server = await startServerProcess(models)
    try {
      const report = await watch(server, attack, good)
      onReport(report)
      reports.push(report)
    } finally {
      await server.close()
    }
  }
  return reports
}

function smallImage(): Promise<Buffer> {
  return sharp({ create: { width: 240, height: 160, channels: 3, background: 'blue' } })
    .png()
    .toBuffer()
}

/** Runs an attack until the server has closed all its connections, for a minute at most. */
async function watch(server: ServerProcess, attack: Attack, good: Buffer): Promise<WorstReport> {
  await exchange(server.port, good)
  const before = server.resident()
  const grown = { server: 0, children: 0 }
  let over = false
  const outcomes = Array.from({ length: CLIENTS }, () => attack.start(server.port))
  const all = Promise.race([Promise.all(outcomes), sleep(60_000)]).then(() => {
    over = true
  })
  const measure = async () => {
    while (!over) {
      const { server: own, children } = server.resident()
      grown.server = Math.max(grown.server, own - before.server)
      grown.children = Math.max(grown.children, children - before.children)
      await sleep(50)
    }
  }
  const others: Outcome[] = []
  const ask = async () => {
    while (!over) {
      others.push(await exchange(server.port, good))
      await sleep(100)
    }
  }
  await Promise.all([all, measure(), ask()])

  const pending: Outcome = { status: 0, milliseconds: 60_000 }
  const ended = await Promise.all(outcomes.map((outcome) => Promise.race([outcome, pending])))
  const statuses: Record<string, number> = {}
  for (const { status } of ended) statuses[status] = (statuses[status] ?? 0) + 1
  const waits = others.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b)
  return {
    kind: attack.kind,
    bytes: attack.bytes,
    grown: { server: Math.round(grown.server), children: Math.round(grown.children) },
    statuses,
    longest: Math.max(...ended.map(({ milliseconds }) => milliseconds)) / 1000,
    others: {
      asked: others.length,
      answered: others.filter(({ status }) => status === 200).length,
      median: Math.round(waits[Math.floor(waits.length / 2)]),
      longest: Math.round(waits.at(-1)!),
    },
  }
}
