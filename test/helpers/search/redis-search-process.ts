/**
 * A search on Redis in a process of its own: `redis-search-process.js URL JOURNAL COUNT`. It journals what it asked
 * and was told as the real one does, goes on where the journal ends, and can be killed at any moment.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { openRedisQueue } from '../../../src/search/redis/queue.js'
import { fakeChild, quickTiming } from './fake-evaluator.js'

const [url, path, count] = process.argv.slice(2)
const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
// A kill may have left half a line.
const events = text
  .slice(0, text.lastIndexOf('\n') + 1)
  .split('\n')
  .filter((line) => /^(asked|told) \d+$/.test(line))
const idsOf = (kind: string): number[] =>
  events.filter((line) => line.startsWith(kind)).map((line) => Number(line.split(' ')[1]))
const told = new Set(idsOf('told'))
const before = [...new Set(idsOf('asked'))]
const unanswered = before.filter((id) => !told.has(id))
let asked = before.length

const journal = openSync(path, 'a')
function write(line: string): void {
  writeSync(journal, `${line}\n`)
  fsyncSync(journal)
}

write('')
const queue = await openRedisQueue({
  url,
  name: 'killed',
  search: 'search-of-this-journal',
  evaluator: { kind: 'fake' },
  timing: quickTiming,
})
const inFlight = new Set<number>()
while (told.size < Number(count)) {
  while (inFlight.size < queue.capacity()) {
    const id = unanswered.shift() ?? (asked < Number(count) ? asked++ : null)
    if (id === null) break
    write(`asked ${id}`)
    inFlight.add(id)
    await queue.submit(fakeChild(id))
  }
  const result = await queue.next()
  if (result === null) continue
  write(`told ${result.id}`)
  told.add(result.id)
  inFlight.delete(result.id)
}
closeSync(journal)
await queue.close()
