/** Finds the files of the checkpoint that a path stands for. */
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import { fileError, readText } from '../../shared/files.js'

/** Endings of the files that belong to a checkpoint; people call it by what is left. */
const ENDINGS = /\.(?:index|meta|data-\d{5}-of-\d{5})$/

/** The name that all files of a checkpoint begin with: `model.ckpt` of `model.ckpt.index`. */
export const checkpointPrefix = (path: string): string => path.replace(ENDINGS, '')

/** A checkpoint's files. */
export type CheckpointFiles =
  /** Format 2: `PREFIX.index` and `PREFIX.data-00000-of-0000N`. */
  | { format: 2; prefix: string }
  /** Format 1: all in one file. */
  | { format: 1; file: string }

/**
 * @param path Prefix of a checkpoint, one of its files, a folder with checkpoints, or a SavedModel
 * @throws UserError that says what is missing
 */
export async function findCheckpoint(path: string): Promise<CheckpointFiles> {
  const prefix = (await isFolder(path)) ? await prefixIn(path) : checkpointPrefix(path)
  if (existsSync(`${prefix}.index`)) return { format: 2, prefix }
  if (existsSync(prefix) && !(await isFolder(prefix))) return { format: 1, file: prefix }
  const names = await namesIn(dirname(prefix))
  const begins = (ending: RegExp) =>
    names.some(
      (name) => name.startsWith(basename(prefix)) && ending.test(name.slice(basename(prefix).length)),
    )
  if (begins(/^\.data-\d{5}-of-\d{5}$/))
    throw new UserError(
      `The checkpoint ${prefix} has its data, but ${prefix}.index is missing; copy that file too, it says what is in the data`,
    )
  if (begins(/^-\d{5}-of-\d{5}$/))
    throw new UserError(
      `${prefix} is a checkpoint of TensorFlow's first format in several files, which cannot be read; ` +
        'load it in TensorFlow and save it again by tf.compat.v1.train.Saver',
    )
  throw new UserError(
    `There is no TensorFlow checkpoint ${path}: neither ${prefix}.index nor a file ${prefix} is there`,
  )
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw fileError('read', folder, error)
  })
}

/** The checkpoint that a folder stands for: the latest that its file `checkpoint` names, a SavedModel's, or its only one. */
async function prefixIn(folder: string): Promise<string> {
  const names = await namesIn(folder)
  if (names.includes('checkpoint')) return latestIn(folder)
  if (names.includes('saved_model.pb')) return join(folder, 'variables', 'variables')
  const found = names.filter((name) => name.endsWith('.index')).map(checkpointPrefix)
  if (found.length === 1) return join(folder, found[0])
  throw new UserError(
    found.length === 0
      ? `The folder ${folder} holds no TensorFlow checkpoint: it has no *.index, no file "checkpoint" and no saved_model.pb`
      : `The folder ${folder} holds several checkpoints; name one of them: ${found.sort().join(', ')}`,
  )
}

/** `checkpoint` is a text that TensorFlow writes beside checkpoints, and that keeps its paths when it is moved. */
async function latestIn(folder: string): Promise<string> {
  const state = join(folder, 'checkpoint')
  const text = await readText(state, `${state} is missing`)
  const named = /^model_checkpoint_path:\s*"((?:[^"\\]|\\.)*)"/m.exec(text)?.[1].replace(/\\(.)/g, '$1')
  if (named === undefined || named === '')
    throw new UserError(`${state} names no checkpoint ("model_checkpoint_path"); name the checkpoint itself`)
  const places = [isAbsolute(named) ? named : join(folder, named), join(folder, basename(named))]
  const found = places.find((place) => existsSync(`${place}.index`) || existsSync(place))
  if (found === undefined)
    throw new UserError(
      `${state} names the checkpoint ${named}, which is not there; name another, or copy it`,
    )
  return found
}
