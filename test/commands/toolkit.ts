import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url))

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

export interface ToolkitOptions {
  cwd?: string
  env?: Record<string, string>
  onStart?: (child: ChildProcess) => void
  /** Called at each piece of output, with all of it so far. */
  onOutput?: (all: string, child: ChildProcess) => void
}

/** Runs `toolkit` with these arguments in a process of its own. */
export function toolkit(
  args: string[],
  { cwd, env, onStart, onOutput }: ToolkitOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onStart?.(child)
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      onOutput?.(stdout + stderr, child)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      onOutput?.(stdout + stderr, child)
    })
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
