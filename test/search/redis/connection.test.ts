import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { connectRedis } from '../../../src/search/redis/connection.js'
import { openRedisQueue } from '../../../src/search/redis/queue.js'
import { until } from '../../helpers/search/processes.js'
import { atEnd, queueOptions, redis, work } from '../../helpers/search/redis-queue.js'
import { freePort, withoutRedis as skip, startRedis } from '../../helpers/search/redis-server.js'

test('a Redis that cannot be used is refused in plain words, soon', { skip }, async (t) => {
  const server = await redis(t, { password: 'secret' })
  const address = (user: string, port = server.port): string => `redis://${user}127.0.0.1:${port}`
  const replica = await redis(t, { args: ['--replicaof', '127.0.0.1', '1'] })
  const chatty = createServer((socket) => {
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).on('error', () => {})
  }).listen(0, '127.0.0.1')
  const mute = createServer(() => {}).listen(0, '127.0.0.1')
  atEnd(t, () => [chatty, mute].map((server) => server.close()))
  const portOf = (server: typeof mute): number => (server.address() as { port: number }).port
  for (const [url, message] of [
    ['http://127.0.0.1', /^"http:\/\/127\.0\.0\.1" is not the address of a Redis server; one looks like/],
    [address('', await freePort()), /^Cannot use Redis at redis:\S+: nothing listens there/],
    ['redis://no.such.host.invalid', /^Cannot use Redis at redis:\S+: there is no host of that name$/],
    [address(''), /^Cannot use Redis at redis:\S+: it asks for a password/],
    [address(':wrong@'), /^Cannot use Redis at redis:\/\/:\*\*\*@\S+: it refuses the name or password$/],
    [`${address(':secret@')}/99`, /^Cannot use Redis at redis:\S+: it has no database of the number/],
    [replica.url, /^Cannot use Redis at redis:\S+: it is a read-only replica; name the primary$/],
    [address('', portOf(chatty)), /: what answers there does not speak Redis's protocol$/],
    [address('', portOf(mute)), /: it does not answer$/],
  ] as [string, RegExp][]) {
    await assert.rejects(openRedisQueue(queueOptions({ url })), { name: 'UserError', message })
    await assert.rejects(work(t, { url }).ended, { name: 'UserError', message })
  }
  const queue = await openRedisQueue(queueOptions({ url: address(':secret@') }))
  await queue.close()
})

test('a name that cannot be one is refused', async () => {
  const options = queueOptions({ url: 'redis://127.0.0.1' }, { name: 'a:b' })
  await assert.rejects(openRedisQueue(options), { name: 'UserError', message: /^"a:b" cannot be the name/ })
})

test('a command that waits for its next try when the connection is closed is rejected, also in an outage', {
  skip,
}, async (t) => {
  const server = await startRedis()
  t.after(() => server.end())
  const connection = await connectRedis({ url: server.url })
  t.after(() => connection.close())
  let tries = 0
  const command = connection.persist(async () => {
    if (tries++ > 0) return connection.client.ping()
    // Closed while ioredis waits to reconnect: what is sent after that would stay in its queue.
    await server.kill()
    await until('it reconnects', () => connection.client.status === 'reconnecting')
    setImmediate(() => connection.close())
    throw Object.assign(new Error('Connection is closed'), { code: 'ECONNRESET' })
  })
  await assert.rejects(command, /^Error: Connection is closed$/)
})
