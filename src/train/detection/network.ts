/** The detector that a run's config describes. */
import { type FasterRcnn, fasterRcnn, fasterRcnnFpn } from '../../../models/index.js'
import { backboneConfig } from '../step/backbone-config.js'
import type { DetectorRunConfig } from './config.js'

/** The detector of a config, for so many classes. Throws a `ModelError` when it cannot be built. */
export function detectorOf(
  { backbone, detector }: Pick<DetectorRunConfig, 'backbone' | 'detector'>,
  classes: number,
): FasterRcnn {
  const { pyramid, ...settings } = detector
  return pyramid === undefined
    ? fasterRcnn(backboneConfig(backbone), { ...settings, classes })
    : fasterRcnnFpn(backboneConfig(backbone), { ...settings, pyramid, classes })
}
