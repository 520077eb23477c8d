/**
 * The order of the layers of Keras's NASNet. Weight files have no other key to a layer than its place, and that depends on
 * the whole graph: a model sorts its layers by their distance from the output, and those at one distance in the order in
 * which a walk from the output, depth first, meets them (`keras/src/ops/function.py`, `map_graph`).
 */
import { cellPlan, type NasnetConfig } from '../../../models/index.js'
import { kerasCellId } from './keras.js'

/** A layer that has weights. */
export interface WeightedLayer {
  name: string
  className: 'Conv2D' | 'SeparableConv2D' | 'BatchNormalization' | 'Dense'
}

/** A layer of the graph; those without weights need no name. */
interface Node {
  layer?: WeightedLayer
  inputs: Node[]
}

const plain = (...inputs: Node[]): Node => ({ inputs })
const weighted =
  (className: WeightedLayer['className']) =>
  (name: string, input: Node): Node => ({ layer: { name, className }, inputs: [input] })
const convolution = weighted('Conv2D')
const separable = weighted('SeparableConv2D')
const batchNorm = weighted('BatchNormalization')
const dense = weighted('Dense')

/**
 * The layers with weights, in the order of `model.layers`.
 *
 * @param paths Of the network's parameters, in the toolkit's names: they say how each cell takes its previous input
 */
export function kerasLayerOrder(
  config: Pick<NasnetConfig, 'stem' | 'cells' | 'filters' | 'skipReduction'>,
  paths: ReadonlySet<string>,
): WeightedLayer[] {
  const stem = batchNorm('stem_bn1', convolution('stem_conv1', plain()))
  const features = [stem]
  for (const { path, kind, input, previous } of cellPlan(config as NasnetConfig)) {
    const [, prefix, number] = /^(stem|cell|reduction)_(\d+)$/.exec(path)!
    const id = kerasCellId({ kind: prefix as 'cell', number: Number(number) }, config.cells)
    const before = previous === undefined ? features[input] : adjusted(features[previous], path, id, paths)
    const build = kind === 'normal' ? normalCell : reductionCell
    features.push(build(features[input], before, id))
  }
  let output = plain(features.at(-1)!)
  if (paths.has('head/kernel')) output = dense('predictions', plain(output))
  return inModelOrder(output).flatMap(({ layer }) => layer ?? [])
}

function adjusted(p: Node, path: string, id: string, paths: ReadonlySet<string>): Node {
  if (paths.has(`${path}/previous/kernel`))
    return batchNorm(`adjust_bn_${id}`, convolution(`adjust_conv_projection_${id}`, plain(p)))
  if (!paths.has(`${path}/previous/path_1/kernel`)) return p
  const relu = plain(p)
  const first = convolution(`adjust_conv_1_${id}`, plain(relu))
  // Padding, cropping, pooling.
  const second = convolution(`adjust_conv_2_${id}`, plain(plain(plain(relu))))
  return batchNorm(`adjust_bn_${id}`, plain(first, second))
}

/** ReLU, separable convolution and batch norm, twice; with a stride, padding before the first convolution. */
function separableBlock(input: Node, id: string, strided = false): Node {
  const relu = plain(input)
  const first = separable(`separable_conv_1_${id}`, strided ? plain(relu) : relu)
  const second = separable(`separable_conv_2_${id}`, plain(batchNorm(`separable_conv_1_bn_${id}`, first)))
  return batchNorm(`separable_conv_2_bn_${id}`, second)
}

function normalCell(ip: Node, p: Node, id: string): Node {
  const h = batchNorm(`normal_bn_1_${id}`, convolution(`normal_conv_1_${id}`, plain(ip)))
  const block = (input: Node, place: string) => separableBlock(input, `normal_${place}_${id}`)
  return plain(
    p,
    plain(block(h, 'left1'), block(p, 'right1')),
    plain(block(p, 'left2'), block(p, 'right2')),
    plain(plain(h), p),
    plain(plain(p), plain(p)),
    plain(block(h, 'left5'), h),
  )
}

function reductionCell(ip: Node, p: Node, id: string): Node {
  const h = batchNorm(`reduction_bn_1_${id}`, convolution(`reduction_conv_1_${id}`, plain(ip)))
  const padded = plain(h)
  const block = (input: Node, place: string, strided = true) =>
    separableBlock(input, `reduction_${place}_${id}`, strided)
  const x1 = plain(block(h, 'left1'), block(p, 'right1'))
  const x2 = plain(plain(padded), block(p, 'right2'))
  const x3 = plain(plain(padded), block(p, 'right3'))
  const x4 = plain(x2, plain(x1))
  const x5 = plain(block(x1, 'left4', false), plain(padded))
  return plain(x2, x3, x4, x5)
}

/** The nodes, farthest from the output first; at one distance, as a walk from the output meets them. */
function inModelOrder(output: Node): Node[] {
  const met: Node[] = []
  const finished: Node[] = []
  const seen = new Set<Node>()
  const walk = (node: Node): void => {
    if (seen.has(node)) return
    seen.add(node)
    met.push(node)
    for (const input of node.inputs) walk(input)
    finished.push(node)
  }
  walk(output)
  const distance = new Map<Node, number>([[output, 0]])
  for (const node of finished.reverse())
    for (const input of node.inputs)
      distance.set(input, Math.max(distance.get(input) ?? 0, distance.get(node)! + 1))
  return met.sort((a, b) => distance.get(b)! - distance.get(a)!)
}
