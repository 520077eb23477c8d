/** What may be wrong with boxes of several formats. */
import type { Kind } from './notes.js'

export const REVERSED: Kind = [
  'box has its corners in the wrong order, which was put right',
  'boxes have their corners in the wrong order, which was put right',
]
export const NO_AREA: Kind = ['box has no area and is left out', 'boxes have no area and are left out']
