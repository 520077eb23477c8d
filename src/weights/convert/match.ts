/** Finds, for every parameter of a network, the tensor of a weight file that holds it. */
import type { ParameterSpec } from '../../../models/index.js'
import { UserError } from '../../shared/errors.js'
import { plural } from '../../shared/text.js'
import type { AxisOrder, Columns, Dialect, NetworkNames } from '../names/dialect.js'
import type { TensorSource } from '../source.js'
import { foreignShape } from './axes.js'

/** A parameter and its tensor. */
export interface Match {
  spec: ParameterSpec
  /** Of the tensor in the file. */
  name: string
  axes?: AxisOrder
  /** Absent: the tensor has the columns of the parameter. */
  columns?: Columns
}

export interface Matching {
  matches: Match[]
  /** Tensors that are not used, by the reason. */
  ignored: Map<string, string[]>
}

/** Names shown in an error. */
const SHOWN = 10

/**
 * Matches every parameter with a tensor by name and shape, and every tensor with a parameter or with a reason to ignore it.
 *
 * @param averaged whether moving averages are taken, where there are any, instead of the weights themselves
 * @throws UserError that lists tensors that are missing, of another shape, or left over
 */
export function matchTensors(
  { path, tensors }: Pick<TensorSource, 'path' | 'tensors'>,
  specs: readonly ParameterSpec[],
  { title, find, average, columns: columnsOf, ignored: ignorable, advice }: NetworkNames,
  averaged: boolean,
): Matching {
  const matches: Match[] = []
  const used = new Set<string>()
  const missing: string[] = []
  const differing: string[] = []
  for (const spec of specs) {
    const found = find(spec.path)
    if (found === undefined)
      throw new UserError(`${title} has no network with the layer "${spec.path}"; choose another --arch`)
    // Programs keep averages of what they train; statistics may have none.
    const averageName = averaged ? average!(found.name) : found.name
    const name = spec.role === 'statistic' && !tensors.has(averageName) ? found.name : averageName
    const shape = tensors.get(name)?.shape
    if (shape === undefined) {
      missing.push(`"${name}" [${foreignShape(spec.shape, found.axes).join(', ')}]`)
      continue
    }
    used.add(name)
    const columns = columnsOf(spec, shape)
    const wanted = foreignShape(storedShape(spec, columns), found.axes)
    if (String(shape) !== String(wanted))
      differing.push(`"${name}" is [${shape.join(', ')}], but must be [${wanted.join(', ')}]`)
    matches.push({ spec, name, axes: found.axes, ...(columns && { columns }) })
  }
  const plain = new Set(averaged ? specs.flatMap((spec) => find(spec.path)?.name ?? []) : [])
  const averages = new Set(
    average === undefined ? [] : specs.flatMap((spec) => average(find(spec.path)?.name ?? '')),
  )
  const ignored = new Map<string, string[]>()
  const left: string[] = []
  for (const name of tensors.keys()) {
    if (used.has(name)) continue
    const reason = plain.has(name)
      ? 'weights whose moving averages are taken'
      : averages.has(name)
        ? 'moving averages, because --raw was asked for'
        : ignorable.find(([pattern]) => pattern.test(name))?.[1]
    if (reason === undefined) left.push(`"${name}" [${tensors.get(name)!.shape.join(', ')}]`)
    else
      ignored
        .set(reason, ignored.get(reason) ?? [])
        .get(reason)!
        .push(name)
  }
  const problems = [
    listed(missing, 'missing'),
    listed(differing, 'of another shape'),
    listed(left, 'left over'),
  ].filter((problem) => problem !== '')
  if (problems.length > 0)
    throw new UserError(
      [`${path} does not hold the weights of this network.`, ...problems, `${advice}.`].join('\n'),
    )
  return { matches, ignored }
}

/** Whether moving averages are taken: where the file has one of anything, unless the weights themselves are wanted. */
export const takesAverages = (
  tensors: TensorSource['tensors'],
  { average }: Pick<Dialect, 'average'>,
  raw: boolean,
): boolean => !raw && average !== undefined && [...tensors.keys()].some((name) => tensors.has(average(name)))

/** The shape of a parameter's tensor, in the toolkit's order of axes. */
export const storedShape = ({ shape }: ParameterSpec, columns: Columns | undefined): number[] =>
  columns ? [...shape.slice(0, -1), columns.length] : [...shape]

function listed(problems: readonly string[], what: string): string {
  if (problems.length === 0) return ''
  const more = problems.length > SHOWN ? ', …' : ''
  const verb = problems.length === 1 ? 'is' : 'are'
  return `${plural(problems.length, 'tensor')} ${verb} ${what}: ${problems.slice(0, SHOWN).join(', ')}${more}`
}
