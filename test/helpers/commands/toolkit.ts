import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Pause } from './pause.js'

const cli = fileURLToPath(new URL('../../../src/cli.js', import.meta.url))
const preload = new URL('./pause.js', import.meta.url)

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

export interface ToolkitOptions {
  cwd?: string
  env?: Record<string, string>
  onStart?: (child: ChildProcess) => void
  /** Where the process halts, so that it does no more of its work, however fast it is, before `onPause` was called. */
  pause?: Pause
  /** Called when it has halted; it goes on afterwards. Without it, the process stays where it is until it is killed. */
  onPause?: (child: ChildProcess) => void
}

/** Runs `toolkit` with these arguments in a process of its own. */
export function toolkit(
  args: string[],
  { cwd, env, onStart, pause, onPause }: ToolkitOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd,
      env: { ...process.env, ...env, ...(pause !== undefined && pausing(pause)) },
      stdio: ['ignore', 'pipe', 'pipe', pause === undefined ? 'ignore' : 'pipe'],
    })
    const halted = child.stdio[3] as Duplex | null
    halted?.once('data', () => {
      if (onPause === undefined) return
      onPause(child)
      halted.write('.')
    })
    halted?.on('error', reject)
    onStart?.(child)
    let [stdout, stderr] = ['', '']
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** What a command says on stderr besides its progress, which only slow machines see. */
export const notesIn = (stderr: string): string => stderr.replaceAll(/^.* · .* left\n/gm, '')

function pausing(pause: Pause): Record<string, string> {
  return { NODE_OPTIONS: `--import=${preload}`, TOOLKIT_TEST_PAUSE: JSON.stringify(pause) }
}

/** It ended with 1 and says why. */
export function fails({ code, stderr }: Outcome, expected: RegExp): void {
  assert.equal(code, 1, stderr)
  assert.match(stderr, expected)
}

export const succeeds = ({ code, stderr }: Outcome): void => assert.equal(code, 0, stderr)
