/**
 * Damage that can be detected without a checksum. Files that were exported before there were checksums can only be
 * judged by their weights: one flipped bit in a float's exponent mostly makes a number that no training produces.
 */
import { type ByteSource, type Field, fieldsOf } from './onnx-fields.js'

/** Fields of ONNX's GraphProto and TensorProto. */
const INITIALIZER = 5
const DATA_TYPE = 2
const RAW_DATA = 9
const FLOAT32 = 1

/**
 * The exponent's highest bit, set by damage, multiplies a number by 2^128. So a damaged weight of ordinary size exceeds
 * this limit, which is itself far beyond the weights of any working network.
 */
const LIMIT = 2 ** 64
const CHUNK = 2 ** 20

/** @throws Error naming the number when a float32 tensor of the graph holds one that is not finite or too large */
export async function assertSoundWeights(source: ByteSource, graph: Field): Promise<void> {
  for await (const tensor of fieldsOf(source, graph.begin, graph.end)) {
    if (tensor.number !== INITIALIZER || tensor.wireType !== 2) continue
    let type = 0
    let data: Field | null = null
    for await (const field of fieldsOf(source, tensor.begin, tensor.end)) {
      if (field.number === DATA_TYPE && field.wireType === 0) type = (await source.read(field.begin, 1))[0]
      if (field.number === RAW_DATA && field.wireType === 2) data = field
    }
    if (type !== FLOAT32 || data === null) continue
    const implausible = await firstImplausible(source, data)
    if (implausible !== null)
      throw new Error(
        `it is damaged: one of its weights is ${implausible.toPrecision(3)}, which no training produces; ` +
          'copy or export it again',
      )
  }
}

async function firstImplausible(source: ByteSource, { begin, end }: Field): Promise<number | null> {
  for (let at = begin; at + 4 <= end; at += CHUNK) {
    const whole = Math.min(CHUNK, end - at) & ~3
    // A copy, so that the numbers are aligned.
    const numbers = new Float32Array(Uint8Array.from(await source.read(at, whole)).buffer)
    const found = numbers.find((value) => !(Math.abs(value) <= LIMIT))
    if (found !== undefined) return found
  }
  return null
}
