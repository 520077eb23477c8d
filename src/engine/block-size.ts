/** Channels to a block of ONNX Runtime's blocked layout on this processor. */
import { openSession, type Session } from '../runtime/session.js'
import { NCHWC } from './lower/emitter.js'
import { encodeModel } from './onnx/encode.js'

const CHANNELS = 32
let found: Promise<number> | undefined

/**
 * 16 with AVX-512, 8 with AVX2, 0 where this build of ONNX Runtime has no blocked kernels. Found out by
 * reordering two pixels of many channels and looking how far apart the first channel's pixels land.
 */
export function blockSize(): Promise<number> {
  found ??= probe()
  return found
}

async function probe(): Promise<number> {
  const shape = [1, CHANNELS, 1, 2]
  const model = encodeModel({
    nodes: [{ op: 'ReorderInput', domain: NCHWC, inputs: ['x'], outputs: ['y'], attributes: {} }],
    initializers: [],
    inputs: [{ name: 'x', type: 'float32', shape }],
    outputs: [{ name: 'y', type: 'float32', shape }],
  })
  let session: Session
  try {
    session = await openSession(model, { threads: 1 })
  } catch {
    // No such kernel in this build: the plain layout it is.
    return 0
  }
  const data = Float32Array.from({ length: CHANNELS * 2 }, (_, i) => i)
  const { y } = await session.run({ x: { type: 'float32', shape, data } })
  await session.close()
  const block = (y.data as Float32Array).indexOf(1)
  return block > 1 && CHANNELS % block === 0 ? block : 0
}
