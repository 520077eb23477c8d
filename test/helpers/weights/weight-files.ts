/** Small networks as weight files of each program. */
import { join } from 'node:path'
import { type NasnetConfig, PRESETS } from '../../../models/index.js'
import { type Tensor, writeSafetensors } from '../../../src/shared/safetensors.js'
import { foreignShape, toForeign } from '../../../src/weights/convert/axes.js'
import type { Architecture } from '../../../src/weights/convert/imported-config.js'
import type { DialectName } from '../../../src/weights/names/dialect.js'
import { DIALECTS } from '../../../src/weights/names/dialects.js'
import { networkParameters } from './networks.js'
import { parameterValues } from './numbers.js'

/** Networks so small that a test imports one in a second. */
export const SMALL = {
  mobile: { arch: 'nasnet-a-mobile', changes: { cells: 1, filters: 8, stemFilters: 8 }, imageSize: 32 },
  large: { arch: 'nasnet-a-large', changes: { cells: 2, filters: 8, stemFilters: 8 }, imageSize: 33 },
  cifar: { arch: 'nasnet-a-cifar', changes: { cells: 1, filters: 8 }, imageSize: 32 },
} as const satisfies Record<string, Architecture>

export interface SmallNetwork extends Architecture {
  classes?: number
}

/** The tensors of a network by the names of a program, with the numbers of `parameterValues`. */
export function tensorsOf(
  { arch, changes, imageSize, classes = 5 }: SmallNetwork,
  program: DialectName,
): Map<string, Tensor> {
  const published: NasnetConfig = PRESETS[arch].config
  const stemFilters = published.stem === 'cifar' ? 3 * changes!.filters! : published.stemFilters
  const config = { ...published, stemFilters, ...changes, classes, auxiliaryHead: false }
  const parameters = networkParameters(config, imageSize!)
  const find = DIALECTS[program].tensors(
    parameters.map(({ path }) => path),
    config,
  )
  return new Map(
    parameters.map(({ path, shape }): [string, Tensor] => {
      const { name, axes } = find(path)!
      const data = toForeign(parameterValues(path, shape), shape, axes)
      return [name, { shape: foreignShape(shape, axes), data }]
    }),
  )
}

/** Writes tensors as a safetensors file without a checksum, as other programs do, and returns its path. */
export async function writeTensors(folder: string, tensors: Map<string, Tensor>): Promise<string> {
  const file = join(folder, 'foreign.safetensors')
  await writeSafetensors(file, tensors, { checksum: false })
  return file
}
