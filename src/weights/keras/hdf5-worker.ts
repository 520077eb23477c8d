/** The thread that reads or writes one HDF5 file, request by request (see `hdf5-protocol.ts`). */
import { parentPort, workerData } from 'node:worker_threads'
import { Hdf5File, loadHdf5, Reason } from './hdf5.js'
import type {
  FileFailure,
  Kind,
  Reply,
  Request,
  Requests,
  Results,
  ThreadData,
  Variable,
} from './hdf5-protocol.js'
import { readKerasConfig } from './keras-config.js'
import { keras2Root, keras2Variables } from './keras2.js'
import { keras3Roots, keras3Variables } from './keras3.js'
import { type FoundVariable, nameVariables } from './name-variables.js'
import { type EmscriptenFS, FILE_PATH, type MountedFile, mountFile } from './single-file-system.js'

const { accesses } = workerData as ThreadData
const library = loadHdf5()
let mounted: MountedFile | undefined
let file: Hdf5File

async function openFile(fd: number, options: { create?: boolean } = {}): Promise<void> {
  const { FS } = await library
  mounted = mountFile(FS as unknown as EmscriptenFS, fd, () => Atomics.add(accesses, 0, 1))
  file = new Hdf5File(await library, FILE_PATH, options)
}

const answers: { [K in Kind]: (request: Requests[K]) => Promise<Results[K]> | Results[K] } = {
  async open({ fd, config }) {
    await openFile(fd)
    const variables = listVariables(config)
    if (variables.length === 0) throw new Reason('it holds no weights')
    return variables
  },
  read: ({ variable }) => file.read(variable),
  async create({ fd }) {
    await openFile(fd, { create: true })
  },
  group({ path, attributes }) {
    file.createGroup(path, attributes)
  },
  dataset({ path, shape, data }) {
    file.createDataset(path, shape, data)
  },
  finish() {
    file.close()
    if (mounted?.error !== undefined) throw mounted.error
  },
}

function listVariables(config: string | undefined): Variable[] {
  return nameVariables(findVariables(config)).map(({ name, path }) => file.variable(name, path))
}

function findVariables(config: string | undefined): FoundVariable[] {
  const root = keras2Root(file)
  if (root !== undefined) return keras2Variables(file, root)
  const roots = keras3Roots(file)
  if (roots.length === 0) throw new Reason('it is an HDF5 file, but not one of Keras: it names no layers')
  return keras3Variables(file, roots, config === undefined ? new Map() : readKerasConfig(config))
}

async function answer(request: Request): Promise<void> {
  const { id } = request
  try {
    const respond = answers[request.kind] as (request: Request) => Promise<Results[Kind]>
    const result = await respond(request)
    parentPort!.postMessage(
      { id, result } satisfies Reply,
      result instanceof Float32Array ? [result.buffer] : [],
    )
  } catch (error) {
    const reason = error instanceof Reason ? error.message : 'it is damaged'
    const reply: Reply = { id, reason, file: mounted?.error && fields(mounted.error) }
    parentPort!.postMessage(reply)
  }
}

const fields = ({ code, message }: NodeJS.ErrnoException): FileFailure => ({ code, message })

// One after the other: a request may come while the library is loaded for the one before it.
let last: Promise<void> = Promise.resolve()
parentPort!.on('message', (request: Request) => {
  last = last.then(() => answer(request))
})
