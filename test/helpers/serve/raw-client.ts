/** A client that controls every byte: half requests, and answers that are read when the test says so. */
import { connect, type Socket } from 'node:net'
import type { RunningServer } from '../../../serve/server.js'

const received = new WeakMap<Socket, Buffer[]>()

/** A connection; what comes over it is kept. */
export function open(server: RunningServer): Socket {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  const chunks: Buffer[] = []
  received.set(socket, chunks)
  return socket.on('error', () => {}).on('data', (chunk) => chunks.push(chunk))
}

export function head(path: string, headers: Record<string, string | number>): string {
  const lines = Object.entries({ Host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** A whole request with its body. */
export function whole(path: string, body: Uint8Array, type = 'image/png', more = {}): Buffer {
  const headers = { 'Content-Type': type, 'Content-Length': body.length, ...more }
  return Buffer.concat([Buffer.from(head(path, headers), 'latin1'), body])
}

/** Sends text and reads until the server closes the connection. */
export async function exchange(server: RunningServer, text: string): Promise<string> {
  const socket = open(server)
  socket.write(text)
  return (await readAll(socket)).toString('latin1')
}

/** Everything that came over a connection, once it is closed, in whatever way. */
export async function readAll(socket: Socket): Promise<Buffer> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(received.get(socket)!)
}
