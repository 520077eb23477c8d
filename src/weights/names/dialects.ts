/** The programs whose names are known, and how a file is recognised as one's. */
import type { Dialect, DialectName } from './dialect.js'
import { keras } from './keras.js'
import { slim } from './slim.js'
import { timm } from './timm.js'
import { toolkit } from './toolkit.js'

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { slim, keras, timm, toolkit }

/** The stem's first kernel in each dialect. */
const FIRST: readonly (readonly [name: string, dialect: Dialect])[] = [
  ['conv0/weights', slim],
  ['l1_stem_3x3/weights', slim],
  ['stem_conv1/kernel', keras],
  ['conv0.conv.weight', timm],
  ['stem/kernel', toolkit],
]

/** The dialect of the names in a file; undefined: none of them. */
export function dialectOf(names: { has(name: string): boolean }): Dialect | undefined {
  return FIRST.find(([name]) => names.has(name))?.[1]
}
