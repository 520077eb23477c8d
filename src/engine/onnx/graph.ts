/** An ONNX graph as plain data: lowerings build it, passes rewrite it, the encoder writes it. */
import type { TensorType } from '../../runtime/session-protocol.js'

export type OnnxType = TensorType
export type OnnxData = Float32Array | Int32Array | BigInt64Array | Uint8Array

/** A number is an INT, a list of numbers INTS, a text a STRING; floats are marked. */
export type OnnxAttribute = number | number[] | string | { float: number } | { floats: number[] }

export interface OnnxNode {
  op: string
  /** '' is the standard ONNX domain. */
  domain: string
  /** '' is an optional input that is left out. */
  inputs: string[]
  outputs: string[]
  attributes: Record<string, OnnxAttribute>
}

export interface OnnxTensor {
  name: string
  type: OnnxType
  shape: number[]
  data: OnnxData
}

/** A graph input or output. A text dimension is symbolic. */
export interface OnnxValueInfo {
  name: string
  type: OnnxType
  shape: (number | string)[]
}

export interface OnnxGraph {
  nodes: OnnxNode[]
  initializers: OnnxTensor[]
  inputs: OnnxValueInfo[]
  outputs: OnnxValueInfo[]
}

/** Number of readers of each value: inputs of nodes, and the graph if the value is an output. */
export function countReaders(graph: OnnxGraph): Map<string, number> {
  const readers = new Map<string, number>()
  const read = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1)
  for (const node of graph.nodes) node.inputs.forEach(read)
  for (const output of graph.outputs) read(output.name)
  return readers
}

/** The node that computes each value. */
export function producers(graph: OnnxGraph): Map<string, OnnxNode> {
  const made = new Map<string, OnnxNode>()
  for (const node of graph.nodes) for (const output of node.outputs) made.set(output, node)
  return made
}

/** Removes nodes and initializers that no output needs. Nodes keep their order, each after its inputs. */
export function prune(graph: OnnxGraph): OnnxGraph {
  const needed = new Set(graph.outputs.map((output) => output.name))
  const nodes: OnnxNode[] = []
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]
    if (!node.outputs.some((name) => needed.has(name))) continue
    for (const input of node.inputs) needed.add(input)
    nodes.push(node)
  }
  return {
    ...graph,
    nodes: nodes.reverse(),
    initializers: graph.initializers.filter((tensor) => needed.has(tensor.name)),
  }
}
