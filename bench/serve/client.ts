/** Requests of an untrusted client, each on a connection of its own. */
import { connect, type Socket } from 'node:net'

export interface Outcome {
  /** HTTP status; 0: the connection closed without an answer. */
  status: number
  milliseconds: number
}

/** A whole request, head and body. */
export function request(path: string, type: string, body: Uint8Array): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

export const boundary = 'bench-boundary'

/** A form with the image, and a parameter after it. */
export function formBody(image: Uint8Array): Buffer {
  const part = (head: string) => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`
  return Buffer.concat([
    Buffer.from(part('name="image"; filename="a"'), 'latin1'),
    image,
    Buffer.from(`\r\n${part('name="model"')}quadrants\r\n--${boundary}--\r\n`, 'latin1'),
  ])
}

/** Opens a connection and sends bytes; an error ends the connection and is ignored. */
export function send(port: number, bytes: Uint8Array): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(bytes)
  return socket
}

/** Sends bytes and reads until the server closes the connection. */
export function exchange(port: number, bytes: Uint8Array): Promise<Outcome> {
  const start = performance.now()
  return new Promise((resolve) => {
    const socket = send(port, bytes)
    let head = ''
    socket.on('data', (chunk) => {
      if (head.length < 20) head += chunk.toString('latin1', 0, 20)
    })
    socket.on('close', () => {
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0)
      resolve({ status, milliseconds: performance.now() - start })
    })
  })
}
