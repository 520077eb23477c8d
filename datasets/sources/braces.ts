import { DatasetError } from '../files/errors.js'

/** More paths in one pattern are a mistake. */
const MOST = 100_000

/** True for a pattern such as `train-{000..146}.tar`. */
export const hasBraces = (path: string): boolean => /\{[^{}]*(\.\.|,)[^{}]*\}/.test(path)

/**
 * The paths that a pattern stands for, in its order: `{000..146}` counts, with as many digits as its bounds have, and
 * `{train,val}` lists, as shells and webdataset expand them. Braces in braces are not known.
 *
 * @throws DatasetError when there are too many
 */
export function expandBraces(pattern: string): string[] {
  let paths = ['']
  for (const piece of pattern.split(/(\{[^{}]*\})/)) {
    const choices = choicesOf(piece, pattern)
    if (paths.length * choices.length > MOST) throw tooMany(pattern)
    paths = paths.flatMap((path) => choices.map((choice) => path + choice))
  }
  return paths
}

const tooMany = (pattern: string): DatasetError =>
  new DatasetError(`"${pattern}" stands for more than ${MOST} files; give a smaller range.`)

function choicesOf(piece: string, pattern: string): string[] {
  const range = /^\{(\d+)\.\.(\d+)\}$/.exec(piece)
  if (range === null) return hasBraces(piece) ? piece.slice(1, -1).split(',') : [piece]
  const [from, to] = [Number(range[1]), Number(range[2])]
  if (Math.abs(to - from) >= MOST) throw tooMany(pattern)
  const width = range.slice(1).some((bound) => /^0\d/.test(bound))
    ? Math.max(range[1].length, range[2].length)
    : 0
  const step = from <= to ? 1 : -1
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) =>
    String(from + step * i).padStart(width, '0'),
  )
}
