import assert from 'node:assert/strict'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { commands } from '../../../src/commands/commands.js'

/**
 * Parses the words after `toolkit` as its command does, and does nothing else. Returns the command that was named. Throws
 * what the command says of them.
 */
export async function parseCommand(words: readonly string[]): Promise<CommandUnknownOpts> {
  const [name, ...rest] = words
  assert.ok(Object.hasOwn(commands, name), `there is no command ${name}`)
  const command = await commands[name].load()
  let parsed: CommandUnknownOpts | undefined
  for (const each of [command, ...command.commands]) {
    each.exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} })
    if (each.commands.length > 0) continue
    each.action((...given: unknown[]) => {
      parsed = given.at(-1) as CommandUnknownOpts
    })
  }
  await command.parseAsync(rest, { from: 'user' })
  assert.ok(parsed)
  return parsed
}
