/** What can be wrong with an entry of an annotation or results file. */
export type ProblemKind =
  | 'not-an-object'
  | 'missing-key'
  | 'bad-id'
  | 'ambiguous-id'
  | 'duplicate-id'
  | 'bad-size'
  | 'unknown-image'
  | 'unknown-category'
  | 'bad-box'
  | 'bad-area'
  | 'bad-crowd'
  | 'bad-score'
  | 'bad-polygon'
  | 'bad-rle'
  | 'bad-keypoints'

export interface Problem {
  kind: ProblemKind
  /** 'images', 'annotations', 'categories' or 'results'. */
  section: string
  /** Place in the section, counted from 0; −1 when the section itself is at fault. */
  index: number
  /** The entry's id, where it has a usable one. */
  id?: number
  message: string
}

/** All problems counted, the first few kept, and the first of every kind in every section. */
export interface ProblemLog {
  count: number
  byKind: Partial<Record<ProblemKind, number>>
  /** The same for each section that has any. */
  bySection: Record<string, Partial<Record<ProblemKind, number>>>
  first: Problem[]
}

/** Input that is not what COCO's format asks for. `problems` says what was found, where it was more than one thing. */
export class CocoError extends Error {
  override name = 'CocoError'
  readonly problems: ProblemLog

  constructor(message: string, problems: ProblemLog = createProblemLog(), options?: ErrorOptions) {
    super(message, options)
    this.problems = problems
  }
}

const KEPT = 20

export function createProblemLog(): ProblemLog {
  return { count: 0, byKind: {}, bySection: {}, first: [] }
}

export function addProblem(log: ProblemLog, problem: Problem): void {
  log.count++
  const { kind, section } = problem
  log.byKind[kind] = (log.byKind[kind] ?? 0) + 1
  const inSection = log.bySection[section] ?? {}
  log.bySection[section] = inSection
  inSection[kind] = (inSection[kind] ?? 0) + 1
  if (log.first.length < KEPT || inSection[kind] === 1) log.first.push(problem)
}

/** "annotations[3] (id 7): bbox[2] is −4 …" */
export function describeProblem(problem: Problem): string {
  const place = problem.index < 0 ? problem.section : `${problem.section}[${problem.index}]`
  const id = problem.id === undefined ? '' : ` (id ${problem.id})`
  return `${place}${id}: ${problem.message}`
}

/** Throws what `log` holds as one error that names the first offender and counts the rest; returns if it is empty. */
export function throwProblems(log: ProblemLog, source: string): void {
  if (log.count === 0) return
  const [first] = log.first
  const same = log.byKind[first.kind] ?? 1
  const parts: string[] = []
  if (same > 1) parts.push(`${same} entries have this problem`)
  if (log.count > same) parts.push(`${log.count - same} have another`)
  const rest = parts.length > 0 ? ` (${parts.join(', ')})` : ''
  throw new CocoError(
    `${source}: ${describeProblem(first)}${rest}. Fix it, or skip such entries with the option lenient.`,
    log,
  )
}
