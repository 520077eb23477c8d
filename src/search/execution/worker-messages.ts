/** Messages between a worker process and the pool that started it. */
import type { Child, ChildResult } from '../evaluate/child.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'
import type { Machine } from '../evaluate/machine.js'

export type Order =
  /** The first order; `module` is the URL of a module that exports `createEvaluator`. */
  | { kind: 'open'; module: string; settings: EvaluatorSettings; machine: Machine }
  | { kind: 'evaluate'; child: Child }
  /** Drop the child in work: its result is not needed any more. */
  | { kind: 'abort' }
  | { kind: 'close' }

export type Report =
  | { kind: 'ready' }
  | { kind: 'result'; result: ChildResult }
  | { kind: 'aborted' }
  /** No child at all can be evaluated, for a reason that the user can fix. */
  | { kind: 'refused'; message: string }
  /** A bug: the state of the process is unknown, so it must be replaced. */
  | { kind: 'broken'; message: string }
