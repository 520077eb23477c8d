/** Opens weight files of any format. */
import { existsSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { UserError } from '../../shared/errors.js'
import { fileError } from '../../shared/files.js'
import { openKerasWeights } from '../keras/open-keras.js'
import type { TensorSource } from '../source.js'
import { checkpointPrefix } from '../tf-checkpoint/checkpoint-files.js'
import { openTfCheckpoint } from '../tf-checkpoint/open-checkpoint.js'
import { openSafetensorsSource } from './safetensors.js'

const ZIP = Buffer.from('504b0304', 'hex')
const HDF5 = Buffer.from('894844460d0a1a0a', 'hex')
/** PNG, JPEG. */
const OTHERS = [Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from('ffd8ff', 'hex')]
const GZIP = Buffer.from('1f8b', 'hex')

/**
 * Opens the weights in `files`: one file, or all those of one checkpoint. The format is found by the first bytes.
 *
 * @throws UserError when the format is unknown or refused, or the file is damaged
 */
export async function openWeights(files: readonly string[]): Promise<TensorSource> {
  const [path, ...others] = [...new Set(files.length === 1 ? files : files.map(checkpointPrefix))]
  if (others.length > 0)
    throw new UserError(`${path} and ${others[0]} are not the files of one network; name those of one`)
  const start = await firstBytes(path)
  if (start.length === 0 && /\.(h5|hdf5|keras|safetensors)$/.test(path) && !existsSync(path))
    throw new UserError(`There is no file ${path}`)
  if (isOther(start)) throw otherFormat(path)
  if (isPickle(start)) throw pickled(path)
  if (GZIP.equals(start.subarray(0, 2)))
    throw new UserError(`${path} is a packed archive; unpack it, and name the checkpoint in it`)
  if (HDF5.equals(start.subarray(0, 8)) || ZIP.equals(start.subarray(0, 4))) return openKerasWeights(path)
  return isSafetensors(path, start) ? openSafetensorsSource(path) : openTfCheckpoint(path)
}

/** Whether these are the first bytes of a picture, or of an ONNX file, which has the version of its format first. */
const isOther = (start: Buffer): boolean =>
  OTHERS.some((magic) => magic.equals(start.subarray(0, magic.length))) ||
  (start[0] === 0x08 && start[1] < 0x20 && start[2] === 0x12)

const otherFormat = (path: string): UserError =>
  new UserError(
    `${path} holds no weights that can be imported: name a TensorFlow checkpoint (model.ckpt), a file of Keras (.h5, .weights.h5, .keras) or a .safetensors`,
  )

/** By its name, or by a header in JSON after its length. */
const isSafetensors = (path: string, start: Buffer): boolean =>
  path.endsWith('.safetensors') || (start[8] === '{'.charCodeAt(0) && start.readUInt32LE(4) === 0)

/** The first bytes of a file; none of a folder, or where there is nothing. */
async function firstBytes(path: string): Promise<Buffer> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return Buffer.alloc(0)
  try {
    const file = await open(path)
    try {
      const bytes = Buffer.alloc(512)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      return bytes.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw fileError('read', path, error)
  }
}

/**
 * Whether these are the first bytes of what `torch.save` writes: a pickle (protocol 2 or newer), or a zip whose first
 * member, `NAME/data.pkl`, is one.
 */
function isPickle(start: Buffer): boolean {
  if (start[0] === 0x80 && start[1] >= 2 && start[1] <= 5) return true
  if (!ZIP.equals(start.subarray(0, 4))) return false
  const name = start.subarray(30, 30 + start.readUInt16LE(26)).toString('latin1')
  return name.endsWith('/data.pkl')
}

const pickled = (path: string): UserError =>
  new UserError(
    `${path} is a pickle of PyTorch, which is a program: reading it can run anything that its author wanted, so it is refused. ` +
      `Convert it where you trust it: python -c "import torch, safetensors.torch as s; m = torch.load('${path}', map_location='cpu', weights_only=True); ` +
      `s.save_file({k: v.contiguous() for k, v in m.get('state_dict', m).items()}, 'weights.safetensors')"`,
  )
