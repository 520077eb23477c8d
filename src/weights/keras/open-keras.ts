/** Reads the weights of Keras models: `.h5`, `.weights.h5` and `.keras`. */
import { type FileHandle, open } from 'node:fs/promises'
import { UserError } from '../../shared/errors.js'
import { fileError, isFileError } from '../../shared/files.js'
import type { TensorInfo, TensorSource } from '../source.js'
import { unpackKeras } from './archive.js'
import type { Variable } from './hdf5-protocol.js'
import { Hdf5Thread } from './hdf5-thread.js'

const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')
const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1')

/**
 * Opens a weight file of Keras, whatever its extension: Keras 2's HDF5 of weights or of a whole model, Keras 3's
 * `.weights.h5`, or a `.keras` archive. Tensors are named alike for all, in Keras's own layouts:
 *
 * - `LAYER/kernel`, `LAYER/bias`; `LAYER/depthwise_kernel`, `LAYER/pointwise_kernel`;
 * - `LAYER/gamma`, `LAYER/beta`, `LAYER/moving_mean`, `LAYER/moving_variance`.
 *
 * LAYER is the layer's own name, also in a model within a model. Where a name would occur twice, the group's path stands
 * before the second. Variables that Keras 3 only numbers keep their numbers where the class of the layer is unknown, and
 * where three variables of a batch norm may be those without gamma or those without beta. State of the optimizer is left out.
 *
 * @throws UserError that names the file and says why it cannot be read: damaged, cut short, not of Keras, or with parts
 *   that lie in other files
 */
export async function openKerasWeights(path: string): Promise<TensorSource> {
  const { file, config } = await openFile(path)
  const thread = new Hdf5Thread(path)
  const close = async (): Promise<void> => {
    await thread.close()
    await file.close()
  }
  try {
    const variables = await thread.request('read', 'open', { fd: file.fd, config })
    return sourceOf(path, variables, thread, close)
  } catch (error) {
    await close()
    throw error
  }
}

function sourceOf(
  path: string,
  variables: readonly Variable[],
  thread: Hdf5Thread,
  close: () => Promise<void>,
): TensorSource {
  const byName = new Map(variables.map((variable) => [variable.name, variable]))
  const tensors = new Map<string, TensorInfo>(
    variables.map(({ name, dtype, shape }) => [name, { name, dtype, shape }]),
  )
  return {
    path,
    tensors,
    close,
    async read(name) {
      const variable = byName.get(name)
      if (variable === undefined) throw new Error(`${path} has no tensor "${name}"`)
      return thread.request(`read ${name} of`, 'read', { variable })
    },
  }
}

/** An HDF5 file, or the one in an archive, which comes with the archive's configuration. */
async function openFile(path: string): Promise<{ file: FileHandle; config?: string }> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const start = Buffer.alloc(HDF5_SIGNATURE.length)
    const { bytesRead } = await file.read(start, 0, start.length, 0)
    if (bytesRead === 0) throw new UserError(`Cannot read ${path}: it is empty`)
    if (start.equals(HDF5_SIGNATURE)) return { file }
    if (!start.subarray(0, ZIP_SIGNATURE.length).equals(ZIP_SIGNATURE))
      throw new UserError(
        `Cannot read ${path}: it is neither an HDF5 file (.h5, .weights.h5) nor a .keras archive`,
      )
    const { weights, config } = await unpackKeras(file, path)
    await file.close()
    return { file: weights, config }
  } catch (error) {
    await file?.close()
    throw isFileError(error) ? fileError('read', path, error) : error
  }
}
