/** Parameters of networks, those of an auxiliary head too. */
import { type NasnetConfig, nasnet, type ParameterSpec } from '../../../models/index.js'
import { classifierSpecs } from '../../../src/train/classification/step.js'

export const networkParameters = (config: NasnetConfig, inputSize: number): ParameterSpec[] =>
  classifierSpecs(nasnet(config), 1, inputSize).parameters
