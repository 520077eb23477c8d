/** The size of the images that a network is trained on, as its epochs pass. */
import { UserError } from '../../shared/errors.js'
import type { ImageConfig } from '../settings/config.js'

/** Side in pixels of the images trained on in `epoch`, of a data set whose images have side `full`. */
export function imageSizeAt(
  config: Pick<ImageConfig, 'resolution' | 'data'>,
  epoch: number,
  full: number,
): number {
  const size = config.resolution.find((stage) => epoch < stage.untilEpoch)?.size ?? full
  if (size > full)
    throw new UserError(
      `"resolution" asks for ${size} pixels, but the images of ${config.data.name} have ${full}`,
    )
  return size
}
