/** From the folder of a run to a model in a repository of NVIDIA's Triton Inference Server. */
import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import {
  fileError,
  isFileError,
  makeFolder,
  makeRemovableFolder,
  writeFileAtomically,
} from '../../shared/files.js'
import type { ModelCard } from '../../shared/model-card.js'
import { readModel } from '../../shared/read-model.js'
import { exportAnyRun } from '../../train/tasks.js'
import { LABELS_FILE, modelConfig, takesBatches } from './model-config.js'
import { signatureOf } from './signature.js'

export interface TritonModel {
  /** The model's folder in the repository. */
  folder: string
  /** As clients name it. */
  name: string
  card: ModelCard
  /** Whether Triton may compute several images in one run. */
  batches: boolean
}

/**
 * Exports a run as `exportAnyRun` does, into a model repository: `REPOSITORY/NAME/config.pbtxt`, `labels.txt` and
 * `1/model.onnx`. A repository may hold several models; it is made where it is missing.
 *
 * @param name by default that of the model's card
 * @throws UserError as `exportAnyRun` does, and when the name cannot be a model's or its folder holds files already
 */
export async function exportToTriton(run: string, repository: string, name?: string): Promise<TritonModel> {
  if (name !== undefined) await requireFree(repository, name)
  const removeIfEmpty = await makeRemovableFolder(repository)
  // Beside its place, and not elsewhere, so that the whole model can be renamed into it.
  const unfinished = join(repository, `.${randomBytes(4).toString('hex')}.tmp`)
  try {
    await makeFolder(join(unfinished, '1'))
    const { path, card } = await exportAnyRun(run, join(unfinished, '1', 'model.onnx'))
    const model = name ?? card.name
    const signature = signatureOf((await readModel(path)).bytes)
    await writeFileAtomically(join(unfinished, 'config.pbtxt'), modelConfig(model, card, signature))
    const labels = card.labels.map((label) => `${label.replaceAll(/[\r\n]+/g, ' ')}\n`)
    await writeFileAtomically(join(unfinished, LABELS_FILE), labels.join(''))
    await requireFree(repository, model)
    const folder = join(repository, model)
    await moveTo(unfinished, folder)
    return { folder, name: model, card, batches: takesBatches(signature) }
  } finally {
    await rm(unfinished, { recursive: true, force: true })
    await removeIfEmpty()
  }
}

async function requireFree(repository: string, name: string): Promise<void> {
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name))
    throw new UserError(
      `"${name}" cannot be the name of a model in Triton; give one of 1 to 100 letters, digits, ".", "_" and "-", ` +
        'which begins with a letter or digit, with --name',
    )
  const folder = join(repository, name)
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw fileError('use', folder, error)
  })
  if (files.length > 0)
    throw new UserError(`${folder} is not empty; choose another name with --name, or remove the folder`)
}

/** An empty folder in the way is removed first: Windows renames onto none. */
async function moveTo(unfinished: string, folder: string): Promise<void> {
  try {
    await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await rename(unfinished, folder)
  } catch (error) {
    throw isFileError(error) ? fileError('write', folder, error) : error
  }
}
