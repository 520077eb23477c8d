/** What a worker process and the one that started it say to each other. */
import type { Child, ChildResult } from '../evaluate/child.js'
import type { EvaluatorSettings } from '../evaluate/evaluator.js'
import type { Machine } from '../evaluate/machine.js'

export type Order =
  /** The first: `module` is the URL of a module that exports `createEvaluator`. */
  | { kind: 'open'; module: string; settings: EvaluatorSettings; machine: Machine }
  | { kind: 'evaluate'; child: Child }
  /** Nobody wants the child's result any more. */
  | { kind: 'abort' }
  | { kind: 'close' }

export type Report =
  | { kind: 'ready' }
  | { kind: 'result'; result: ChildResult }
  | { kind: 'aborted' }
  /** No child at all can be evaluated, and the user can mend that. */
  | { kind: 'refused'; message: string }
  /** A mistake in the program: the process is in no known state. */
  | { kind: 'broken'; message: string }
