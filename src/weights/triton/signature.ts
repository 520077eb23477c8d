/** The inputs and outputs of an ONNX file, read without a runtime. */
import protobuf from 'protobufjs/index.js'

/** The fields that we read, with the numbers of `onnx.proto`. */
const SCHEMA = `
syntax = "proto3";
message Dimension { int64 dim_value = 1; string dim_param = 2; }
message Shape { repeated Dimension dim = 1; }
message Tensor { int32 elem_type = 1; Shape shape = 2; }
message Type { Tensor tensor_type = 1; }
message ValueInfo { string name = 1; Type type = 2; }
message Graph { repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
message Model { Graph graph = 7; }`

const Model = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Model')

export interface TensorInfo {
  name: string
  /** A number of `onnx.TensorProto.DataType`. */
  elementType: number
  /** -1 for an axis of any length. */
  dims: number[]
}

export interface Signature {
  inputs: TensorInfo[]
  outputs: TensorInfo[]
}

interface ValueInfo {
  name: string
  type: { tensor_type: { elem_type: number; shape: { dim: { dim_value?: number }[] } } }
}

/** `model`: the bytes of an ONNX file whose inputs and outputs are tensors. */
export function signatureOf(model: Uint8Array): Signature {
  const { graph } = Model.toObject(Model.decode(model), { arrays: true, longs: Number }) as {
    graph: { input: ValueInfo[]; output: ValueInfo[] }
  }
  return { inputs: graph.input.map(tensorInfo), outputs: graph.output.map(tensorInfo) }
}

const tensorInfo = ({ name, type: { tensor_type } }: ValueInfo): TensorInfo => ({
  name,
  elementType: tensor_type.elem_type,
  dims: tensor_type.shape.dim.map(({ dim_value }) => dim_value ?? -1),
})
