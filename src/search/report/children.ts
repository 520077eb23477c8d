/** The children of a search that finished. */

import type { DrawnCells } from '../../drawing/draw-cell.js'
import { UserError } from '../../shared/errors.js'
import type { Measured } from '../evaluate/child.js'
import { canonicalKey } from '../space/canonical.js'
import { decodeCells } from '../space/genotypes.js'
import type { Decisions } from '../space/space.js'
import type { SearchLog } from './search-log.js'

export interface FinishedChild {
  id: number
  cells: DrawnCells
  /** The same for the same architecture. */
  key: string
  reward: number
  /** Null for a child that failed. */
  measured: Measured | null
  failure: string | null
  /** Of search, until it finished. */
  seconds: number
  /** Of the strategy's controller then, in nats; null for a strategy without one. */
  entropy: number | null
}

/**
 * The children in the order in which they finished.
 *
 * @throws UserError when the journal reports a child that was not proposed, or reports one twice
 */
export function finishedChildren({ name, config: { space }, events }: SearchLog): FinishedChild[] {
  const open = new Map<number, Decisions>()
  return events.flatMap((event): FinishedChild[] => {
    if (event.kind === 'asked') open.set(event.id, event.decisions)
    if (event.kind !== 'told') return []
    const { result, reward, seconds, figures } = event
    const decisions = open.get(result.id)
    if (decisions === undefined)
      throw new UserError(
        `The journal of ${name} reports child ${result.id}, which was not proposed or was reported before; restore the file`,
      )
    open.delete(result.id)
    const cells = decodeCells(space, decisions)
    return [
      {
        id: result.id,
        cells,
        key: canonicalKey(cells),
        reward,
        measured: result.kind === 'measured' ? result.measured : null,
        failure: result.kind === 'failed' ? result.reason : null,
        seconds,
        entropy: figures.entropy ?? null,
      },
    ]
  })
}
