/** Where a step's time goes, by type of node, from the file that ONNX Runtime's profiler writes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { median, table } from './statistics.js'

interface ProfileEvent {
  cat: string
  name: string
  /** Microseconds. */
  ts: number
  dur: number
  args?: { op_name: string; input_type_shape: Record<string, number[]>[] }
}

interface NodeTypeTime {
  /** With the shapes of its inputs, if asked for. */
  type: string
  /** How many such nodes run in one step. */
  nodes: number
  millisPerStep: number
  /** Of the time in all nodes. */
  share: number
}

/** Adds the options of a benchmark that can print a profile instead of timings. */
export function addPrintOptions(command: Command): Command {
  return command
    .option(
      '--profile',
      "print where ours spends its time, by ONNX Runtime's profiler, and nothing else",
      false,
    )
    .option('--shapes', "with --profile: apart by the shapes of a node's inputs too", false)
    .option('--json', 'print JSON alone', false)
}

/** Time by type of node, most first; the first `warmup` runs in the file are left out. */
function timeByNodeType(
  path: string,
  { warmup, shapes }: { warmup: number; shapes: boolean },
): NodeTypeTime[] {
  const events: ProfileEvent[] = JSON.parse(readFileSync(path, 'utf8'))
  const runs = events.filter(({ name }) => name === 'model_run').sort((a, b) => a.ts - b.ts)
  const counted = runs.slice(warmup)
  if (counted.length === 0) throw new Error(`${path} holds ${runs.length} runs, not more than the warm-up's`)
  const totals = new Map<string, { count: number; micros: number }>()
  for (const { cat, name, ts, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || ts < counted[0].ts || !args) continue
    const inputs = args.input_type_shape.flatMap((input) => Object.values(input))
    const type = shapes ? [args.op_name, ...inputs.map((side) => side.join('×'))].join(' ') : args.op_name
    const total = totals.get(type) ?? { count: 0, micros: 0 }
    total.count += 1
    total.micros += dur
    totals.set(type, total)
  }
  const whole = [...totals.values()].reduce((sum, { micros }) => sum + micros, 0)
  return [...totals]
    .map(([type, { count, micros }]) => ({
      type,
      nodes: count / counted.length,
      millisPerStep: micros / 1000 / counted.length,
      share: micros / whole,
    }))
    .sort((a, b) => b.millisPerStep - a.millisPerStep)
}

/**
 * Prints where the time of `measure` goes, which runs steps in a session that writes its profile to where it is
 * told, `warmup` of them before those that count.
 */
export function printProfile(
  measure: (profilePrefix: string) => { stepMillis: number[] },
  { json, ...options }: { warmup: number; shapes: boolean; json: boolean },
): void {
  const folder = mkdtempSync(join(tmpdir(), 'nasnet-profile-'))
  try {
    const stepMillis = median(measure(join(folder, 'profile')).stepMillis)
    const [file] = readdirSync(folder)
    if (file === undefined) throw new Error('ONNX Runtime wrote no profile')
    const types = timeByNodeType(join(folder, file), options)
    if (json) {
      console.log(JSON.stringify({ stepMillis, types }))
      return
    }
    const rows = types
      .slice(0, 25)
      .map(({ type, nodes, millisPerStep, share }) => [
        type,
        nodes.toFixed(0),
        millisPerStep.toFixed(1),
        `${(share * 100).toFixed(1)} %`,
      ])
    const inNodes = types.reduce((sum, { millisPerStep }) => sum + millisPerStep, 0)
    console.log(table([['node type', 'nodes', 'ms a step', 'share'], ...rows]))
    console.log(
      `\nAll nodes: ${inNodes.toFixed(0)} ms of a step of ${stepMillis.toFixed(0)} ms (profiler running).`,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
