/** What NVIDIA's Triton Inference Server must know of a model: its `config.pbtxt`. */

import textformat from 'protobufjs/ext/textformat.js'
import protobuf from 'protobufjs/index.js'
import { cardToMetadata, type ModelCard } from '../../shared/model-card.js'
import type { Signature, TensorInfo } from './signature.js'

/** The file of labels that {@link modelConfig} names, in the model's folder. */
export const LABELS_FILE = 'labels.txt'

/** The most images of a run: where a larger batch no longer makes an image cheaper on processors. */
const MAX_BATCH = 16

/** The fields that we write, with the numbers that Triton's `model_config.proto` (package `inference`) gives them. */
const SCHEMA = `
syntax = "proto3";
enum DataType { TYPE_INVALID = 0; TYPE_UINT8 = 2; TYPE_INT32 = 8; TYPE_FP32 = 11; }
message ModelInput { string name = 1; DataType data_type = 2; repeated int64 dims = 4; }
message ModelOutput { string name = 1; DataType data_type = 2; repeated int64 dims = 3; string label_filename = 4; }
message ModelDynamicBatching {}
message ModelParameter { string string_value = 1; }
message ModelWarmup {
  message Input { DataType data_type = 1; repeated int64 dims = 2; bool zero_data = 3; }
  string name = 1;
  uint32 batch_size = 2;
  map<string, Input> inputs = 3;
}
message ModelConfig {
  string name = 1;
  int32 max_batch_size = 4;
  repeated ModelInput input = 5;
  repeated ModelOutput output = 6;
  ModelDynamicBatching dynamic_batching = 11;
  map<string, ModelParameter> parameters = 14;
  repeated ModelWarmup model_warmup = 16;
  string backend = 17;
}`

const ModelConfig = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('ModelConfig')

/** Triton's names of ONNX's element types, of those that exported models have. */
const DATA_TYPES: Partial<Record<number, string>> = { 1: 'TYPE_FP32', 2: 'TYPE_UINT8', 6: 'TYPE_INT32' }

/** True where the graph takes any number of images: all inputs and outputs have a symbolic first axis. */
export function takesBatches({ inputs, outputs }: Signature): boolean {
  return [...inputs, ...outputs].every(({ dims }) => dims[0] === -1)
}

/**
 * The text of `config.pbtxt`. Triton gathers queued images into batches (of 16 at most, without waiting for more) only
 * where the graph {@link takesBatches}. When it starts, it computes one black image. What the card says, but for
 * provenance, becomes `parameters`, which clients read with the model's configuration.
 *
 * @param name the model's name, which its folder must have too
 */
export function modelConfig(name: string, card: ModelCard, signature: Signature): string {
  const batches = takesBatches(signature)
  const tensor = ({ name, elementType, dims }: TensorInfo) => ({
    name,
    data_type: dataType(name, elementType),
    dims: batches ? dims.slice(1) : dims,
  })
  const inputs = signature.inputs.map(tensor)
  const outputs = signature.outputs.map((output) => ({
    ...tensor(output),
    // Triton names the k largest values by their positions: right for probabilities, wrong for scores of boxes.
    ...(output.name === 'probabilities' && { label_filename: LABELS_FILE }),
  }))
  const warmup = inputs.map(({ name, ...rest }) => [name, { ...rest, zero_data: true }])
  const parameters = Object.entries(cardToMetadata({ ...card, about: {} })).sort()
  const text = textformat.toText(
    ModelConfig,
    ModelConfig.fromObject({
      name,
      backend: 'onnxruntime',
      max_batch_size: batches ? MAX_BATCH : 0,
      input: inputs,
      output: outputs,
      ...(batches && { dynamic_batching: {} }),
      parameters: Object.fromEntries(parameters.map(([key, value]) => [key, { string_value: value }])),
      model_warmup: [{ name: 'black image', batch_size: 1, inputs: Object.fromEntries(warmup) }],
    }),
  )
  return `${text}\n`
}

function dataType(name: string, elementType: number): string {
  const known = DATA_TYPES[elementType]
  if (known === undefined)
    throw new Error(`"${name}" has the element type ${elementType}, which no export writes`)
  return known
}
