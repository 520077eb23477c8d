/**
 * Writes an ONNX ModelProto. Field numbers are those of onnx.proto (https://github.com/onnx/onnx, IR 10). It has only
 * the messages that our graphs need.
 */
import protobuf, { type Writer } from 'protobufjs/minimal.js'
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxType, OnnxValueInfo } from './graph.js'

const DATA_TYPE: Record<OnnxType, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 }
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, floats: 6, ints: 7 }

/** The newest opset that every ONNX Runtime since 1.12 reads. It has all operations that we need. */
const STANDARD_OPSET = 17
const IR_VERSION = 8

const tag = (field: number, wire: 0 | 2 | 5): number => (field << 3) | wire

function message(writer: Writer, field: number, write: (inner: Writer) => void): void {
  writer.uint32(tag(field, 2)).fork()
  write(writer)
  writer.ldelim()
}

function text(writer: Writer, field: number, value: string): void {
  writer.uint32(tag(field, 2)).string(value)
}

function int(writer: Writer, field: number, value: number): void {
  writer.uint32(tag(field, 0)).int64(value)
}

function attribute(writer: Writer, name: string, value: OnnxAttribute): void {
  text(writer, 1, name)
  if (typeof value === 'number') {
    int(writer, 3, value)
    int(writer, 20, ATTRIBUTE_TYPE.int)
  } else if (typeof value === 'string') {
    text(writer, 4, value)
    int(writer, 20, ATTRIBUTE_TYPE.string)
  } else if (Array.isArray(value)) {
    for (const item of value) int(writer, 8, item)
    int(writer, 20, ATTRIBUTE_TYPE.ints)
  } else if ('float' in value) {
    writer.uint32(tag(2, 5)).float(value.float)
    int(writer, 20, ATTRIBUTE_TYPE.float)
  } else {
    for (const item of value.floats) writer.uint32(tag(7, 5)).float(item)
    int(writer, 20, ATTRIBUTE_TYPE.floats)
  }
}

function node(writer: Writer, value: OnnxNode, index: number): void {
  for (const input of value.inputs) text(writer, 1, input)
  for (const output of value.outputs) text(writer, 2, output)
  text(writer, 3, `${value.op}_${index}`)
  text(writer, 4, value.op)
  for (const [name, item] of Object.entries(value.attributes))
    message(writer, 5, (inner) => attribute(inner, name, item))
  if (value.domain !== '') text(writer, 7, value.domain)
}

function tensor(writer: Writer, value: OnnxTensor): void {
  for (const size of value.shape) int(writer, 1, size)
  int(writer, 2, DATA_TYPE[value.type])
  text(writer, 8, value.name)
  const { buffer, byteOffset, byteLength } = value.data
  writer.uint32(tag(9, 2)).bytes(new Uint8Array(buffer, byteOffset, byteLength))
}

function valueInfo(writer: Writer, value: OnnxValueInfo): void {
  text(writer, 1, value.name)
  message(writer, 2, (type) =>
    message(type, 1, (tensorType) => {
      int(tensorType, 1, DATA_TYPE[value.type])
      message(tensorType, 2, (shape) => {
        for (const size of value.shape)
          message(shape, 1, (dimension) => {
            if (typeof size === 'number') int(dimension, 1, size)
            else text(dimension, 2, size)
          })
      })
    }),
  )
}

/** The bytes of a `.onnx` file. `metadata` becomes `metadata_props`. */
export function encodeModel(graph: OnnxGraph, metadata: Record<string, string> = {}): Uint8Array {
  const writer = protobuf.Writer.create()
  int(writer, 1, IR_VERSION)
  text(writer, 2, 'nasnet-toolkit')
  message(writer, 7, (inner) => {
    graph.nodes.forEach((item, index) => {
      message(inner, 1, (each) => node(each, item, index))
    })
    text(inner, 2, 'nasnet')
    for (const item of graph.initializers) message(inner, 5, (each) => tensor(each, item))
    for (const item of graph.inputs) message(inner, 11, (each) => valueInfo(each, item))
    for (const item of graph.outputs) message(inner, 12, (each) => valueInfo(each, item))
  })
  const domains = new Set(['', ...graph.nodes.map((item) => item.domain)])
  for (const domain of domains)
    message(writer, 8, (opset) => {
      text(opset, 1, domain)
      int(opset, 2, domain === '' ? STANDARD_OPSET : 1)
    })
  for (const [key, value] of Object.entries(metadata))
    message(writer, 14, (entry) => {
      text(entry, 1, key)
      text(entry, 2, value)
    })
  return writer.finish()
}
