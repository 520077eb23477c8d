/** Archives of the structure that published ones have, with tiny checkpoints or such as are small when they are packed. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { product } from '../../../src/weights/tf-checkpoint/slices.js'
import { writeTfCheckpoint } from '../../../src/weights/tf-checkpoint/write-checkpoint.js'
import { type Entry, writeTar } from '../datasets/tar-writer.js'

/** A checkpoint with variables of these shapes, all zeros but for a first 1, in the archive's folder `folder`. */
export async function weightsArchive(
  folder: string,
  variables: Readonly<Record<string, readonly number[]>>,
  change: (entries: Entry[]) => Entry[] = (entries) => entries,
): Promise<Buffer> {
  const temporary = await mkdtemp(join(tmpdir(), 'small-weights-'))
  try {
    const tensors = Object.entries(variables).map(([name, shape]) => {
      const data = new Float32Array(product(shape))
      data[0] = 1
      return { name, shape, data }
    })
    await writeTfCheckpoint(join(temporary, 'model.ckpt'), tensors)
    const read = (name: string) => ({
      name: `${folder}/${name}`,
      content: readFileSync(join(temporary, name)),
    })
    const entries: Entry[] = [
      { name: `${folder}/`, type: '5' },
      read('model.ckpt.index'),
      read('model.ckpt.data-00000-of-00001'),
      { name: `${folder}/checkpoint`, content: 'model_checkpoint_path: "model.ckpt"\n' },
      { name: `${folder}/saved_model/checkpoint`, content: 'not this one' },
      { name: `${folder}/frozen_inference_graph.pb`, content: 'large and of no use' },
    ]
    return gzipSync(writeTar(change(entries)))
  } finally {
    await rm(temporary, { recursive: true })
  }
}
