/**
 * Rewrites that spare whole passes over memory: a blocked convolution can add another tensor to its output
 * and apply a ReLU while it still holds the numbers.
 */
import { NCHWC } from './lower/emitter.js'
import { countReaders, type OnnxGraph, type OnnxNode, producers } from './onnx/graph.js'

/** The convolution that makes `name`, if nobody else reads it and nothing follows the sum yet. */
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

/** Conv → Add becomes Conv with its fourth input. Both operands must be whole blocked tensors: no broadcast. */
function fuseSums(graph: OnnxGraph, blocked: Set<string>): OnnxGraph {
  const made = producers(graph)
  const readers = countReaders(graph)
  const gone = new Set<OnnxNode>()
  for (const node of graph.nodes) {
    if (node.op !== 'Add' || !node.inputs.every((name) => blocked.has(name))) continue
    const [a, b] = node.inputs
    if (a === b) continue
    for (const [name, other] of [
      [b, a],
      [a, b],
    ]) {
      const conv = soleConvolution(name, made, readers)
      if (!conv || (conv.inputs.length > 3 && conv.inputs[3] !== '')) continue
      conv.inputs = [conv.inputs[0], conv.inputs[1], conv.inputs[2] ?? '', other]
      conv.outputs = node.outputs
      made.set(node.outputs[0], conv)
      gone.add(node)
      break
    }
  }
  return { ...graph, nodes: graph.nodes.filter((node) => !gone.has(node)) }
}

/** Conv → Relu becomes Conv with an activation. */
function fuseRelus(graph: OnnxGraph): OnnxGraph {
  const made = producers(graph)
  const readers = countReaders(graph)
  const gone = new Set<OnnxNode>()
  for (const node of graph.nodes) {
    if (node.op !== 'Relu') continue
    const conv = soleConvolution(node.inputs[0], made, readers)
    if (!conv) continue
    conv.attributes = { ...conv.attributes, activation: 'Relu' }
    conv.outputs = node.outputs
    gone.add(node)
  }
  return { ...graph, nodes: graph.nodes.filter((node) => !gone.has(node)) }
}

/** All fusions; `blocked` names the tensors stored blocked. Nodes may have to be sorted afterwards. */
export function fuse(graph: OnnxGraph, blocked: Set<string>): OnnxGraph {
  return fuseRelus(fuseSums(graph, blocked))
}
