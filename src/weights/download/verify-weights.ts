/** Is a checkpoint the published one, undamaged? */
import { join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import type { PublishedWeights } from '../published.js'
import { openTfCheckpoint } from '../tf-checkpoint/open-checkpoint.js'

/**
 * Opens the checkpoint in a folder, looks for the variables that it is known by, and reads every tensor, so that all
 * checksums are compared.
 *
 * @returns how many tensors it has
 * @throws UserError that says what is wrong with it
 */
export async function verifyWeights(
  folder: string,
  { checkpoint, variables }: Pick<PublishedWeights, 'checkpoint' | 'variables'>,
  signal?: AbortSignal,
): Promise<number> {
  const source = await openTfCheckpoint(join(folder, checkpoint))
  try {
    for (const [name, shape] of Object.entries(variables)) {
      const found = source.tensors.get(name)
      if (found === undefined) throw new UserError(`${source.path} holds other weights: it has no "${name}"`)
      if (String(found.shape) !== String(shape))
        throw new UserError(
          `${source.path} holds other weights: its "${name}" has the shape [${found.shape}], not [${shape}]`,
        )
    }
    for (const { name, dtype } of source.tensors.values()) {
      if (signal?.aborted) break
      if (dtype !== 'string') await source.read(name)
    }
    return source.tensors.size
  } finally {
    await source.close()
  }
}
