import type { TestContext } from 'node:test'
import { inspectCommand } from '../../../src/commands/datasets/inspect.js'

/** What `toolkit datasets inspect` prints, run in this process. */
export async function inspect(t: TestContext, ...args: string[]): Promise<string> {
  const log = t.mock.method(console, 'log', () => {})
  await inspectCommand().parseAsync(args, { from: 'user' })
  log.mock.restore()
  return log.mock.calls.map((call) => `${call.arguments[0]}\n`).join('')
}
