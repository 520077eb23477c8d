/** What the formats of checkpoints have in common: variables in one or more pieces, read when they are asked for. */
import { type FileHandle, open } from 'node:fs/promises'
import { UserError } from '../../shared/errors.js'
import { fileError, isFileError } from '../../shared/files.js'
import { type ByteSource, inFile } from '../../shared/onnx-fields.js'
import { nameUnreadable } from '../element-types.js'
import type { TensorInfo, TensorSource } from '../source.js'
import { assemble, type Region } from './slices.js'
import type { Damaged } from './sorted-table.js'

export interface Piece extends Region {
  /** Its numbers, in row-major order. */
  read: () => Promise<Float32Array>
}

export interface Variable {
  info: TensorInfo
  pieces: Piece[]
}

/** An open file of a checkpoint. */
export interface CheckpointFile {
  path: string
  bytes: ByteSource
  damaged: Damaged
  close: () => Promise<void>
}

/** @throws UserError that says `missing` where there is no such file, or why it cannot be read */
export async function openFile(path: string, missing: string): Promise<CheckpointFile> {
  let file: FileHandle | undefined
  const damaged = (what: string) =>
    new UserError(`${path} cannot be read: ${what}; copy or download the checkpoint again`)
  try {
    file = await open(path, 'r')
    const source = await inFile(file)
    const read = (position: number, length: number) =>
      source.read(position, length).catch((error) => {
        throw isFileError(error) ? fileError('read', path, error) : damaged(error.message)
      })
    return { path, bytes: { size: source.size, read }, damaged, close: file.close.bind(file) }
  } catch (error) {
    await file?.close()
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new UserError(missing, { cause: error })
    throw fileError('read', path, error)
  }
}

/** The variables as the toolkit's other formats give them. */
export function checkpointSource(
  path: string,
  variables: ReadonlyMap<string, Variable>,
  files: readonly CheckpointFile[],
): TensorSource {
  return {
    path,
    tensors: new Map([...variables].map(([name, { info }]) => [name, info])),
    async read(name) {
      const variable = variables.get(name)
      if (variable === undefined) throw new UserError(`${path} has no tensor "${name}"`)
      const { info, pieces } = variable
      const numbers = await assemble(pieces, info.shape, (piece) => piece.read()).catch((error) => {
        throw nameUnreadable(`"${name}" in ${path}`, error)
      })
      if (numbers === undefined) throw new UserError(`The pieces of "${name}" in ${path} overlap`)
      return numbers
    },
    async close() {
      for (const file of files) await file.close()
    },
  }
}

/** Runs `read`, which parses messages; what protobuf cannot parse is `damaged`, other errors stay as they are. */
export function parsed<T>(damaged: Damaged, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw damaged(`a message in it is not valid (${(error as Error).message})`)
  }
}
