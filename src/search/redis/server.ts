/** Whether a Redis server answers, and can be used for searches. */
import type { Redis } from 'ioredis'
import { UserError } from '../../shared/errors.js'

/** Milliseconds in which a server must answer at first. */
export const FIRST_ANSWER = 5000
/** The oldest version that BullMQ recommends. */
const OLDEST = [6, 2]

/** Waits until a new client can be used; throws the reason when it cannot. */
export async function firstAnswer(client: Redis): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve)
      client.once('end', () => reject(new Error('Connection is closed')))
      timer = setTimeout(() => reject(new Error('Command timed out')), FIRST_ANSWER)
    })
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Checks that the server is new enough and can be written to.
 *
 * @throws UserError when it is too old, or the error of Redis that refuses
 */
export async function checkServer(client: Redis, note: (text: string) => void): Promise<void> {
  const info = new Map(
    (await client.info()).split('\r\n').map((line) => line.split(/:(.*)/, 2) as [string, string]),
  )
  const version = info.get('redis_version') ?? ''
  const [major, minor] = version.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw new UserError(`Redis is version ${version} there, but must be ${OLDEST.join('.')} or newer`)
  await client.set('toolkit:probe', '', 'PX', 1)
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction' && info.get('maxmemory') !== '0')
    note(
      `Redis may throw away children when its memory is full (maxmemory-policy is ${policy}); set it to noeviction`,
    )
}
