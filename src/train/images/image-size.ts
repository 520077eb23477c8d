/** The size of the training images, which may grow from epoch to epoch. */
import { UserError } from '../../shared/errors.js'
import type { ImageConfig } from '../settings/config.js'

/**
 * Side in pixels of the training images in `epoch` (from 0), for a data set whose images have side `full`.
 *
 * @throws UserError when a stage of the config is larger than that
 */
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
