/** What an exported detector says about itself. */
import { UserError } from '../../shared/errors.js'
import type { DetectorCard } from '../../shared/model-card.js'
import { aboutPools } from '../settings/config.js'
import type { DetectorRunConfig } from './config.js'

/**
 * The card of the model after `step` steps; `about` says how it was made.
 *
 * @throws UserError when the config does not record the categories of its data
 */
export function detectorCard(config: DetectorRunConfig, step: number): DetectorCard {
  const { task, data, backbone, detector, inputSize, resize, imported, ...training } = config
  const { genotype, name, stridedPools, ...network } = backbone
  const { categories } = data
  if (categories === null) throw new UserError('The config does not record the categories of its data')
  return {
    task,
    name: `faster-rcnn-${detector.pyramid ? 'fpn-' : ''}${name}-${backbone.cells}x${backbone.filters}`,
    labels: categories.map((category) => category.name),
    categoryIds: categories.map((category) => category.id),
    inputSize,
    resize,
    about: {
      genotype,
      network,
      ...aboutPools(backbone),
      detector,
      data: { kind: data.kind },
      ...(imported === undefined ? { training } : { imported }),
      steps: step,
    },
  }
}
