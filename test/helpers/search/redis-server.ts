/** Redis servers for tests: each on a free port of this machine, in a folder of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

/** Why tests that need Redis are skipped; false: they are not. */
export const withoutRedis: string | false =
  spawnSync('redis-server', ['--version']).status === 0
    ? false
    : 'redis-server is not on the PATH (Debian: apt-get install redis-server)'

export interface RedisServer {
  url: string
  port: number
  /** Dies at once, as by kill -9. */
  kill(): Promise<void>
  /** Starts again after it was killed, with what is left in its folder. */
  start(): Promise<void>
  /** A client for looking inside; ends with the server. */
  client: Redis
  end(): Promise<void>
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** `persistent`: everything that was answered survives a kill; otherwise nothing does. */
export async function startRedis({
  persistent = false,
  password = '',
  args = [] as string[],
} = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'toolkit-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | null = null
  const client = new Redis(url, {
    password,
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
  })
  client.on('error', () => {})

  async function start(): Promise<void> {
    server = spawn(
      'redis-server',
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
        ...['--appendonly', persistent ? 'yes' : 'no', '--requirepass', password, ...args],
      ],
      { stdio: 'ignore' },
    )
    await client.ping()
  }

  async function kill(): Promise<void> {
    if (server === null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
    server = null
  }

  await start()
  return {
    url,
    port,
    client,
    start,
    kill,
    async end() {
      client.disconnect()
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
