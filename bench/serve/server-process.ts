/** A server in a process of its own, and the memory of it and its children. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface ServerProcess {
  port: number
  /** Resident memory of the server and of its children together, in MB. */
  resident(): { server: number; children: number }
  /** Processor time that the server and its children have used, in ms. */
  processorMillis(): number
  close(): Promise<void>
}

export const hasProc = existsSync('/proc/self/stat')

const toolkit = fileURLToPath(new URL('../../../bin/toolkit.js', import.meta.url))

/** Starts `toolkit serve` on a free port; resolves once it answers. */
export async function startServerProcess(models: string[], ...flags: string[]): Promise<ServerProcess> {
  const child = spawn(process.execPath, [toolkit, 'serve', ...models, '--port', '0', '--quiet', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += chunk
    if (text.includes('In a browser')) break
  }
  const port = Number(/:(\d+)/.exec(text)?.[1])
  if (!(port > 0)) throw new Error(`The server did not start: ${text}`)
  return {
    port,
    resident: () => residentOf(child),
    processorMillis: () => processorMillisOf(child),
    close: () => end(child),
  }
}

/** @throws Error when the server had already ended by itself */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`The server ended by itself (${child.signalCode ?? `exit code ${child.exitCode}`}).`)
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

function residentOf({ pid }: ChildProcess): { server: number; children: number } {
  const children = childrenOf(pid!).reduce((sum, child) => sum + memoryOf(child), 0)
  return { server: memoryOf(String(pid)), children }
}

function childrenOf(pid: number): string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === pid)
}

/** Linux counts in hundredths of a second (USER_HZ), for children that have ended with their parent. */
function processorMillisOf({ pid }: ChildProcess): number {
  const ticks = (entry: string, fields: number) => {
    try {
      // utime, stime, cutime and cstime follow the state, in field 3, which follows the name in brackets.
      const rest = readFileSync(`/proc/${entry}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')
      return rest.slice(11, 11 + fields).reduce((sum, field) => sum + Number(field), 0)
    } catch {
      return 0
    }
  }
  return 10 * childrenOf(pid!).reduce((sum, child) => sum + ticks(child, 2), ticks(String(pid), 4))
}

function parentOf(pid: string): number {
  return Number(/^PPid:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0)
}

function memoryOf(pid: string): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0) / 1024
}

/** Empty for a process that has just ended. */
function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1')
  } catch {
    return ''
  }
}
