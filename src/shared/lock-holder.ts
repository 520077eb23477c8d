/** Who holds a lock, and whether that process still lives. */
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'

export interface Holder {
  pid: number
  host: string
  /** When the process started, so that another process with the same number is told apart; '' where unknown. */
  started: string
  /** One for each time that a lock is taken; earlier versions wrote none. */
  token?: string
}

/** Of the locks that this process holds: after a restart in a container the number in a stale lock may be its own. */
const held = new Set<string>()

/** This process as the holder of one lock, from here until {@link forget}. */
export async function thisProcess(token: string): Promise<Holder> {
  held.add(token)
  return { pid: process.pid, host: hostname(), started: await startOf(process.pid), token }
}

export function forget(token: string): void {
  held.delete(token)
}

/** The holder that a lock names; null where it cannot be read. */
export function parseHolder(text: string): Holder | null {
  try {
    const { pid, host, started, token } = JSON.parse(text)
    const isHolder = Number.isSafeInteger(pid) && pid > 0 && typeof host === 'string'
    return isHolder ? { pid, host, started: typeof started === 'string' ? started : '', token } : null
  } catch {
    return null
  }
}

/** False only where it is certain that the process is gone. Another machine's is for a person to judge. */
export async function isAlive({ pid, host, started, token }: Holder): Promise<boolean> {
  if (host !== hostname()) return true
  if (pid === process.pid) return token !== undefined && held.has(token)
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return started === '' || started === (await startOf(pid))
}

/** When a process started, in clock ticks since the boot that the id names; '' where /proc does not tell. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // Field 22; the second field, the name in brackets, may hold spaces itself.
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie is dead; only its parent has not looked yet.
    if (afterName[0] === 'Z') return 'gone'
    return `${boot.trim()}/${afterName[19]}`
  } catch {
    return ''
  }
}
