/** Networks of different cells, brought to the same cost by their widths. */
import type { Genotype } from '../../../models/index.js'
import type { RunConfig } from '../../train/classification/config.js'
import { describeNetwork, type NetworkDescription } from '../../train/classification/describe.js'
import { networkConfig } from '../../train/classification/network.js'

/** The largest width F that is tried. */
const WIDEST = 1024

export interface Sized {
  /** The config with the genotype and its width. */
  run: RunConfig
  description: NetworkDescription
}

/** The network of a genotype in a run's stack, counted for images of `imageSize` pixels a side. */
export function sized(
  run: RunConfig,
  genotype: Genotype,
  filters: number,
  shapes: { imageSize: number; classes: number },
): Sized {
  const model = { ...run.model, name: genotype.name, genotype, filters }
  const own = { ...run, model }
  return { run: own, description: describeNetwork(networkConfig(own, shapes.classes), shapes.imageSize) }
}

/** Of all widths F the one whose multiply-adds come nearest to `multiplyAdds`; of two equally near the narrower. */
export function matchWidth(
  run: RunConfig,
  genotype: Genotype,
  multiplyAdds: number,
  shapes: { imageSize: number; classes: number },
): Sized {
  const at = (filters: number): Sized => sized(run, genotype, filters, shapes)
  // A wider network always costs more: the first that costs enough, or the one before it.
  let [least, most] = [1, WIDEST]
  while (least < most) {
    const middle = (least + most) >> 1
    if (at(middle).description.multiplyAdds < multiplyAdds) least = middle + 1
    else most = middle
  }
  const [wide, narrow] = [at(least), at(Math.max(1, least - 1))]
  const away = ({ description }: Sized): number => Math.abs(description.multiplyAdds - multiplyAdds)
  return away(narrow) <= away(wide) ? narrow : wide
}
