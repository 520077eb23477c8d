/**
 * Many clients in one process, each on a connection that it keeps. Arguments: a JSON text of {@link LoadOptions}. Prints
 * one line of JSON.
 */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sfc32 } from '../../src/shared/random.js'

export interface LoadOptions {
  port: number
  path: string
  photo: string
  seconds: number
  /** Clients that each send the next request when the last one is answered; */
  clients?: number
  /** or: requests each second, at random times that do not depend on the answers. */
  rate?: number
  /** Afterwards one client asks until an answer of 200 takes at most so many ms. */
  until?: number
}

export interface LoadReport {
  seconds: number
  /** Answers of each status; 0: the connection ended without one. */
  statuses: Record<string, number>
  /** Requests that were not sent, since too many were open. */
  notSent: number
  /** Of the answers of 200, in ms, in order. */
  millis: number[]
  /** Of the answers of 503, in ms, in order. */
  refusedMillis: number[]
  /** From the end of the load until such an answer, in ms; undefined without `until`. */
  recoveryMillis?: number
}

/** The server accepts 1,000. */
const MAX_CONNECTIONS = 900

/** One connection; one request at a time. */
class Client {
  #socket: Socket | undefined
  #received = Buffer.alloc(0)
  #answer: ((status: number) => void) | undefined

  constructor(private readonly port: number) {}

  /** Sends a request. @returns the answer's status */
  ask(bytes: Uint8Array): Promise<number> {
    if (this.#socket === undefined || this.#socket.destroyed) this.#open()
    return new Promise((resolve) => {
      this.#answer = resolve
      this.#socket!.write(bytes)
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #open(): void {
    this.#received = Buffer.alloc(0)
    const socket = connect(this.port, '127.0.0.1').setNoDelay()
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('close', () => this.#settle(0))
    socket.on('data', (chunk) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
      const end = this.#received.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = this.#received.toString('latin1', 0, end)
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (this.#received.length < end + 4 + length) return
      this.#received = Buffer.alloc(0)
      if (/\r\nconnection: close/i.test(head)) socket.destroySoon()
      this.#settle(Number(head.slice(9, 12)))
    })
  }

  #settle(status: number): void {
    const answer = this.#answer
    this.#answer = undefined
    answer?.(status)
  }
}

async function recovery(client: Client, bytes: Uint8Array, quick: number): Promise<number> {
  const begun = performance.now()
  for (;;) {
    const sent = performance.now()
    const status = await client.ask(bytes)
    const answered = performance.now()
    if (status === 200 && answered - sent <= quick) return answered - begun
    if (status !== 200) await sleep(10)
  }
}

async function load(options: LoadOptions): Promise<LoadReport> {
  const { port, path, photo, seconds, clients, rate } = options
  const body = readFileSync(photo)
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\n\r\n`
  const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body])
  const report: LoadReport = { seconds: 0, statuses: {}, notSent: 0, millis: [], refusedMillis: [] }
  const ask = async (client: Client) => {
    const sent = performance.now()
    const status = await client.ask(bytes)
    const millis = performance.now() - sent
    report.statuses[status] = (report.statuses[status] ?? 0) + 1
    if (status === 200) report.millis.push(millis)
    if (status === 503) report.refusedMillis.push(millis)
  }
  const start = performance.now()
  const end = start + 1000 * seconds
  const open: Client[] = []
  const newClient = () => {
    const client = new Client(port)
    open.push(client)
    return client
  }
  if (clients !== undefined) {
    const work = async () => {
      const client = newClient()
      while (performance.now() < end) await ask(client)
    }
    await Promise.all(Array.from({ length: clients }, work))
  } else {
    const random = sfc32(1, 'arrivals')
    const idle: Client[] = []
    const asked = new Set<Promise<void>>()
    // Of a Poisson process.
    const pause = () => (-1000 * Math.log(1 - random())) / rate!
    for (let next = start + pause(); next < end; next += pause()) {
      const early = next - performance.now()
      if (early > 1) await sleep(early)
      if (asked.size >= MAX_CONNECTIONS) {
        report.notSent++
        await sleep(0)
        continue
      }
      const client = idle.pop() ?? newClient()
      const answered = ask(client).then(() => {
        asked.delete(answered)
        idle.push(client)
      })
      asked.add(answered)
    }
    if (options.until !== undefined) report.recoveryMillis = await recovery(newClient(), bytes, options.until)
    await Promise.all(asked)
  }
  report.seconds = (performance.now() - start) / 1000
  for (const client of open) client.close()
  return report
}

console.log(JSON.stringify(await load(JSON.parse(process.argv[2]))))
