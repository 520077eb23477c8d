/**
 * The parent of a local queue with two processes and two children that take until there is a file `FOLDER/release`, for
 * the tests that kill it: `queue-parent.js FOLDER`. On SIGINT it says so, waits for the children and prints how they
 * came back.
 */
import { once } from 'node:events'
import { openLocalQueue } from '../../../src/search/execution/local-queue.js'
import { type FakeSettings, fakeChild } from './fake-evaluator.js'

const [pids] = process.argv.slice(2)
const interrupted = once(process, 'SIGINT')
const evaluator: FakeSettings = { kind: 'fake', release: `${pids}/release`, pids, log: `${pids}/log` }
const module = new URL('./fake-evaluator.js', import.meta.url)
const queue = await openLocalQueue({ evaluator, processes: 2, module, note: console.error })
await Promise.all([0, 1].map((id) => queue.submit(fakeChild(id))))
await interrupted
console.log('interrupted')
const results = [await queue.next(), await queue.next()]
console.log(results.map((result) => result?.kind).join(' '))
await queue.close()
