/** What the programs that weights come from said of their networks: golden/make_slim.py, make_keras.py, make_timm.py. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { packageRoot } from '../../../src/shared/package-root.js'

interface GoldenNames {
  /**
   * Of the published networks: how many tensors they have, and the checksum of the sorted list of names and shapes; of
   * Keras's also that of the names of layers with weights, in the model's order.
   */
  networks: Record<string, { tensors: number; sha256: string; order?: string }>
  /** Small networks with the numbers of `parameterValues`, and their answer to the picture of `pictureBytes`. */
  cases: Record<string, GoldenCase>
}

export interface GoldenCase {
  size: number
  /** By name, in the program's order: the toolkit's path (null: none), and the shape. */
  tensors: Record<string, [path: string | null, shape: number[]]>
  logits: number[]
}

export function goldenNames(program: 'slim' | 'keras' | 'timm'): GoldenNames {
  const file = join(packageRoot(), 'test/weights/golden', `${program}.json.gz`)
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'))
}
