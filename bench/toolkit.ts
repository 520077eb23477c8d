/** Runs of the toolkit, each in a process of its own. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const toolkit = fileURLToPath(new URL('../../bin/toolkit.js', import.meta.url))

/** Runs a command of the toolkit, and returns what it prints as JSON. Throws when it fails. */
export function runToolkit(args: readonly string[]): Record<string, number> {
  const { status, stdout } = spawnSync(process.execPath, [toolkit, ...args, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`toolkit ${args.join(' ')} failed.`)
  return JSON.parse(stdout)
}

/** Trains a run to its end, or goes on with the one in the folder. Returns the seconds of its training. */
export function trainIn(
  folder: string,
  command: 'train-backbone' | 'finetune-coco',
  flags: readonly string[],
): number {
  const started = existsSync(join(folder, 'config.json'))
  const rest = started ? ['--resume', folder] : [...flags, '--out', folder]
  return runToolkit([command, ...rest]).seconds
}
