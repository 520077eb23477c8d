/** A proxy that takes every request to one server, whatever host it names. */
import { createServer, request as requestHttp } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

export interface ProxyServer {
  /** `127.0.0.1:port` */
  host: string
  /** What was asked, such as `GET http://files.test/file` and `CONNECT files.test:443`. */
  requests: string[]
  /** The `Proxy-Authorization` header of each request. */
  credentials: (string | undefined)[]
}

/**
 * @param port The server's, on this machine.
 * @param status What every request is answered instead of being passed on.
 */
export async function startProxy(t: TestContext, port: number, status?: number): Promise<ProxyServer> {
  const requests: string[] = []
  const credentials: (string | undefined)[] = []
  const sockets = new Set<Socket>()
  const proxy = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    credentials.push(request.headers['proxy-authorization'])
    if (status !== undefined) {
      response.writeHead(status).end()
      return
    }
    const { pathname } = new URL(request.url!)
    const { 'proxy-authorization': _, ...headers } = request.headers
    const onward = requestHttp({ host: '127.0.0.1', port, path: pathname, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.on('error', () => response.destroy()).pipe(response)
    })
    onward.on('error', () => response.destroy()).end()
  })
  proxy.on('connect', (request, client, head) => {
    requests.push(`CONNECT ${request.url}`)
    credentials.push(request.headers['proxy-authorization'])
    if (status !== undefined) {
      client.end(`HTTP/1.1 ${status} Refused\r\n\r\n`)
      return
    }
    const server = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      server.write(head)
      server.pipe(client).pipe(server)
    })
    for (const socket of [server, client as Socket]) {
      sockets.add(socket)
      socket.on('error', () => {
        server.destroy()
        client.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    proxy.closeAllConnections()
    await new Promise((resolve) => proxy.close(resolve))
  })
  return { host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, requests, credentials }
}
