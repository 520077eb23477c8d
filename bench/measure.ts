/** Measurements side by side: each a process of its own, in alternating rounds, since a machine's speed drifts. */
import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { wholeNumber } from '../src/commands/shared/flags.js'

/** Reads a flag's number of rounds, steps and the like. */
export const count = wholeNumber(1, 999_999)

/** The Python that peers run in. */
export const python = process.env.PYTHON ?? 'python3'

export function canImport(modules: string): boolean {
  return spawnSync(python, ['-c', `import ${modules}`], { stdio: 'ignore' }).status === 0
}

/** Where bench/`path` lies. Python is not compiled: it is in the source tree, two folders above the build's. */
export function sourceOf(path: string): string {
  return fileURLToPath(new URL(`../../bench/${path}`, import.meta.url))
}

/** Runs a program that prints one line of JSON. Throws with what it wrote to standard error. */
export function measured<T>(program: string, args: string[]): T {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed (${signal ?? status}):\n${stderr}`)
  return JSON.parse(stdout)
}

/** Measures every side once in each round, in turn; says on standard error how far it is. */
export function inRounds<Side extends string, T>(
  sides: Partial<Record<Side, () => T>>,
  rounds: number,
  tell: (report: T) => string,
): Record<Side, T[]> {
  const reports = {} as Record<Side, T[]>
  for (let round = 1; round <= rounds; round++)
    for (const [name, measure] of Object.entries(sides) as [Side, () => T][]) {
      process.stderr.write(`round ${round} of ${rounds}, ${name}: `)
      const report = measure()
      console.error(tell(report))
      reports[name] ??= []
      reports[name].push(report)
    }
  return reports
}

export const machine = `${cpus()[0].model}, ${availableParallelism()} cores`

export function warnIfBusy(): void {
  if (loadavg()[0] > 1)
    console.error('Other programs keep this machine busy: the timings will be unreliable.')
}
