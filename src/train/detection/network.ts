/** The detector that a run's config describes. */
import { type FasterRcnn, fasterRcnn, fasterRcnnFpn } from '../../../models/index.js'
import { backboneConfig } from '../step/backbone-config.js'
import { frozenParts, withFrozen } from '../step/freeze.js'
import type { DetectorRunConfig } from './config.js'

/** The settings of a run that its detector depends on. */
export type NetworkSettings = Pick<DetectorRunConfig, 'backbone' | 'detector' | 'freeze'>

/**
 * The detector of a config, for so many classes, a part of its backbone frozen where the config says so. Throws a
 * `ModelError` when it cannot be built.
 */
export function detectorOf(settings: NetworkSettings, classes: number): FasterRcnn {
  const detector = unfrozen(settings, classes)
  const frozen = frozenOf(settings)
  return {
    ...detector,
    firstStage: (ctx, images) => detector.firstStage(withFrozen(ctx, frozen), images),
    secondStage: (ctx, features, boxes) => detector.secondStage(withFrozen(ctx, frozen), features, boxes),
  }
}

/** The parts of the backbone that are frozen, by their paths. */
export const frozenOf = ({ backbone, freeze }: NetworkSettings): ReadonlySet<string> =>
  frozenParts(backboneConfig(backbone), freeze)

function unfrozen({ backbone, detector }: NetworkSettings, classes: number): FasterRcnn {
  const { pyramid, ...settings } = detector
  return pyramid === undefined
    ? fasterRcnn(backboneConfig(backbone), { ...settings, classes })
    : fasterRcnnFpn(backboneConfig(backbone), { ...settings, pyramid, classes })
}
