/** Listening on an address, with errors in plain words. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ServeError } from './errors.js'

const reasons: Record<string, string> = {
  EADDRINUSE: 'it is in use already; choose another port',
  EACCES: 'there is no permission; choose a port from 1024 on',
  EADDRNOTAVAIL: 'this machine has no such address; choose another host',
  ENOTFOUND: 'there is no such host; give an address of this machine',
}

/** Resolves once the server accepts connections. @throws ServeError with the reason why it cannot */
export async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    server.listen({ port, host })
    await once(server, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = reasons[code ?? ''] ?? message
    throw new ServeError(`Cannot listen on port ${port} of ${host}: ${reason}`, { cause: error })
  }
}

/** The address to type into a browser. A server that listens everywhere is reached as localhost. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  if (address === '0.0.0.0' || address === '::') return `http://localhost:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
