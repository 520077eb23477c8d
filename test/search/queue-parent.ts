/**
 * The parent of a local queue with two processes and two slow children, for the test that kills it:
 * `queue-parent.js FOLDER MILLIS`. On SIGINT it waits for the children and prints how they came back.
 */
import { once } from 'node:events'
import { openLocalQueue } from '../../src/search/local-queue.js'
import { type FakeSettings, fakeChild } from './fake-evaluator.js'

const [pids, millis] = process.argv.slice(2)
const interrupted = once(process, 'SIGINT')
const evaluator: FakeSettings = { kind: 'fake', millis: Number(millis), pids, log: `${pids}/log` }
const module = new URL('./fake-evaluator.js', import.meta.url)
const queue = await openLocalQueue({ evaluator, processes: 2, module, note: console.error })
await Promise.all([0, 1].map((id) => queue.submit(fakeChild(id))))
await interrupted
const results = [await queue.next(), await queue.next()]
console.log(results.map((result) => result?.kind).join(' '))
await queue.close()
