/** The children of a search as BullMQ jobs: those that wait for a worker, and those in work. */
import type { Queue } from 'bullmq'
import type { Child } from '../evaluate/child.js'
import type { RedisConnection } from './connection.js'
import { QUEUE_PREFIX } from './search.js'

/** Events that BullMQ keeps for subscribers, of which there are none here. */
const EVENTS = 100

/** The jobs of the search `search`, under its name. */
export async function openJobs(
  connection: RedisConnection,
  name: string,
  search: string,
): Promise<ChildJobs> {
  const bullmq = await import('bullmq')
  const queue: Queue<Child> = new bullmq.Queue(name, {
    connection: connection.client,
    prefix: QUEUE_PREFIX,
    skipVersionCheck: true,
    skipMetasUpdate: true,
  })
  // The connection reports outages, and other errors reject the command that meets them.
  queue.on('error', () => {})
  return new ChildJobs(connection, queue, search)
}

export class ChildJobs {
  readonly #connection: RedisConnection
  readonly #queue: Queue<Child>
  readonly #search: string
  /** Children that had no job at the last check. */
  #missing = new Set<number>()

  constructor(connection: RedisConnection, queue: Queue<Child>, search: string) {
    this.#connection = connection
    this.#queue = queue
    this.#search = search
  }

  /** Hands out a child, once Redis lets it. Throws as {@link RedisConnection.persist}. */
  async add(child: Child): Promise<void> {
    const options = { jobId: this.#idOf(child.id), removeOnComplete: true, removeOnFail: true }
    // Named after the search, so that a worker of an earlier one of the same name knows that it is another's.
    await this.#connection.persist(() => this.#queue.add(this.#search, child, options))
  }

  /**
   * Hands out again the children in flight that Redis has lost, and removes waiting jobs of others. A result may be
   * under way when its job is gone: only a child that is missing in two checks is lost.
   *
   * @param onLost called with how many are handed out again, if any
   */
  async reconcile(inFlight: ReadonlyMap<number, Child>, onLost: (count: number) => void): Promise<void> {
    const { client } = this.#connection
    const ids = [...inFlight.keys()]
    const [there, waiting] = await Promise.all([
      Promise.all(ids.map((id) => client.exists(this.#queue.toKey(this.#idOf(id))))),
      client.lrange(this.#queue.toKey('wait'), 0, -1),
    ])
    const absent = ids.filter((id, place) => there[place] === 0 && inFlight.has(id))
    const lost = absent.filter((id) => this.#missing.has(id))
    this.#missing = new Set(absent.filter((id) => !this.#missing.has(id)))
    if (lost.length > 0) onLost(lost.length)
    await Promise.all(lost.map((id) => this.add(inFlight.get(id)!)))
    const wanted = new Set([...inFlight.keys()].map((id) => this.#idOf(id)))
    const unwanted = waiting.filter((jobId) => !wanted.has(jobId))
    await Promise.all(unwanted.map((jobId) => this.#queue.remove(jobId)))
  }

  /** Keeps few events, also after Redis has lost the setting. */
  async limitEvents(): Promise<void> {
    await this.#connection.client.hset(this.#queue.toKey('meta'), 'opts.maxLenEvents', EVENTS)
  }

  /** Removes all jobs under the search's name, also those of an earlier search. */
  async removeAll(): Promise<void> {
    await this.#queue.obliterate({ force: true })
  }

  #idOf(id: number): string {
    return `${this.#search}-${id}`
  }
}
