/** What a network is made of, counted on its trace. Nothing is computed, so a large network takes no longer. */
import type * as tf from '@tensorflow/tfjs'
import {
  cellPlan,
  countParameters,
  type NasnetConfig,
  nasnet,
  type ParameterSpec,
} from '../../../models/index.js'
import { trace } from '../../engine/index.js'
import { collectingContext } from '../step/contexts.js'
import { type Count, multiplyAdds } from '../step/multiply-adds.js'

export interface PartDescription {
  /** Prefix of the paths of its parameters. */
  path: string
  kind: 'stem' | 'normal' | 'reduction' | 'head'
  /** Height × width × channels of its output. */
  shape: number[]
  parameters: Count
  multiplyAdds: number
}

export interface NetworkDescription {
  inputSize: number
  classes: number
  /** Of the whole network, without the auxiliary head, which only training has. */
  parameters: Count
  /** Of convolutions and the dense layer, for one image. */
  multiplyAdds: number
  parts: PartDescription[]
}

/** Counts a network for square images of `inputSize` pixels. Throws a `ModelError` when the network cannot be built for them. */
export function describeNetwork(config: NasnetConfig, inputSize: number): NetworkDescription {
  const network = nasnet(config)
  let taken: ParameterSpec[] = []
  let shapes: number[][] = []
  const traced = trace((tracer) => {
    const { ctx, specs } = collectingContext(tracer, false)
    const images = tracer.input('images', [1, inputSize, inputSize, 3]) as tf.Tensor4D
    const { logits, features } = network(ctx, images)
    taken = specs.parameters
    shapes = [...features.map(({ tensor }) => tensor.shape.slice(1)), [config.classes]]
    return { logits }
  })
  const costs = multiplyAdds(traced, partOf)
  const places = [
    { path: 'stem', kind: 'stem' as const },
    ...cellPlan(config).map(({ path, kind }) => ({ path, kind })),
    { path: 'head', kind: 'head' as const },
  ]
  const parts = places.map(({ path, kind }, i) => ({
    path,
    kind,
    shape: shapes[i],
    parameters: countParameters(taken.filter((spec) => partOf(spec.path) === path)),
    multiplyAdds: costs.get(path) ?? 0,
  }))
  const all = [...costs.values()].reduce((sum, cost) => sum + cost, 0)
  return { inputSize, classes: config.classes, parameters: countParameters(taken), multiplyAdds: all, parts }
}

const partOf = (path: string): string => path.split('/')[0]
