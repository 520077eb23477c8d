/** Writes checkpoints that TensorFlow reads (`tf.train.load_checkpoint`, `tf.compat.v1.train.Saver.restore`). */
import { writeFileAtomically } from '../../shared/files.js'
import type { NamedTensor } from '../source.js'
import { crc32c, masked } from './crc32c.js'
import { FLOAT32 } from './dtypes.js'
import { encodeBundleEntry, encodeBundleHeader } from './messages.js'
import { product } from './slices.js'
import type { TableEntry } from './sorted-table.js'
import { encodeTable } from './write-table.js'

/**
 * Writes `PREFIX.index` and `PREFIX.data-00000-of-00001`. What stood there before is replaced, or untouched when writing
 * fails; were the process killed between the two files, the checksums of the index would show it.
 *
 * @throws UserError when the disk refuses; Error when a shape and its data disagree, or two tensors have one name
 */
export async function writeTfCheckpoint(prefix: string, tensors: readonly NamedTensor[]): Promise<void> {
  const keyed = tensors.map((tensor) => ({ ...tensor, key: Buffer.from(tensor.name) }))
  keyed.sort((a, b) => a.key.compare(b.key))
  const index: TableEntry[] = [{ key: Buffer.alloc(0), value: encodeBundleHeader(1) }]
  let offset = 0
  for (const { name, key, shape, data } of keyed) {
    if (product(shape) !== data.length)
      throw new Error(`Tensor "${name}" of shape [${shape}] holds ${data.length} numbers`)
    if (key.length === 0 || key[0] === 0) throw new Error(`A tensor cannot be named ${JSON.stringify(name)}`)
    if (key.equals(index.at(-1)!.key)) throw new Error(`There are two tensors "${name}"`)
    const bytes = data.byteLength
    const value = encodeBundleEntry({
      ...{
        dtype: FLOAT32,
        shape: [...shape],
        shard: 0,
        offset,
        bytes,
        crc32c: masked(crc32c(bytesOf(data))),
      },
    })
    index.push({ key, value })
    offset += bytes
  }
  const table = encodeTable(index)
  await writeFileAtomically(`${prefix}.index`, async (file) => {
    await file.writeFile(table)
    await writeFileAtomically(`${prefix}.data-00000-of-00001`, async (data) => {
      for (const tensor of keyed) if (tensor.data.length > 0) await data.writeFile(bytesOf(tensor.data))
    })
  })
}

const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
