/**
 * Rewrites that save passes over memory: a blocked convolution can add another tensor to its output and apply a ReLU
 * before it writes the numbers.
 */
import { NCHWC } from './lower/emitter.js'
import { countReaders, type OnnxGraph, type OnnxNode, producers } from './onnx/graph.js'

/** The convolution that computes `name`, if it has one reader only and no activation yet. */
function soleConvolution(
  name: string,
  made: Map<string, OnnxNode>,
  readers: Map<string, number>,
): OnnxNode | undefined {
  const node = made.get(name)
  if (node?.op !== 'Conv' || node.domain !== NCHWC || node.attributes.activation !== undefined)
    return undefined
  return readers.get(name) === 1 ? node : undefined
}

type Rewrite = (
  follower: OnnxNode,
  sole: (name: string) => OnnxNode | undefined,
) => { conv: OnnxNode; merged: OnnxNode } | undefined

/** Conv → Add becomes a Conv with a fourth input. Both operands must be blocked tensors, which are never broadcast. */
const sum =
  (blocked: Set<string>): Rewrite =>
  (add, sole) => {
    if (add.op !== 'Add' || !add.inputs.every((name) => blocked.has(name))) return undefined
    const [a, b] = add.inputs
    if (a === b) return undefined
    for (const [name, other] of [
      [b, a],
      [a, b],
    ]) {
      const conv = sole(name)
      if (!conv || (conv.inputs[3] ?? '') !== '') continue
      const inputs = [conv.inputs[0], conv.inputs[1], conv.inputs[2] ?? '', other]
      return { conv, merged: { ...conv, inputs, outputs: add.outputs } }
    }
    return undefined
  }

/** Conv → Relu becomes a Conv with an activation. */
const activation: Rewrite = (relu, sole) => {
  const conv = relu.op === 'Relu' ? sole(relu.inputs[0]) : undefined
  if (!conv) return undefined
  return {
    conv,
    merged: { ...conv, attributes: { ...conv.attributes, activation: 'Relu' }, outputs: relu.outputs },
  }
}

/** A merged convolution takes the place of its follower, where all its inputs have been computed. */
function rewrite(graph: OnnxGraph, rule: Rewrite): OnnxGraph {
  const made = producers(graph)
  const readers = countReaders(graph)
  const replaced = new Map<OnnxNode, OnnxNode | null>()
  for (const follower of graph.nodes) {
    const found = rule(follower, (name) => soleConvolution(name, made, readers))
    if (!found) continue
    const { conv, merged } = found
    replaced.set(conv, null)
    replaced.set(follower, merged)
  }
  const nodes = graph.nodes.map((node) => (replaced.has(node) ? replaced.get(node) : node))
  return { ...graph, nodes: nodes.filter((node) => node !== null && node !== undefined) }
}

/** Applies all fusions. `blocked`: names of the tensors in the blocked layout. */
export function fuse(graph: OnnxGraph, blocked: Set<string>): OnnxGraph {
  return rewrite(rewrite(graph, sum(blocked)), activation)
}
