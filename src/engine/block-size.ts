/** The block size of ONNX Runtime's blocked layout on this processor. */
import { openSession, type Session } from '../runtime/session.js'
import { NCHWC } from './lower/emitter.js'
import { encodeModel } from './onnx/encode.js'

const CHANNELS = 32
let measured: Promise<number> | undefined

/**
 * Channels per block: 16 with AVX-512, 8 with AVX2, 0 when this build of ONNX Runtime has no blocked kernels. It is
 * measured once, by reordering two pixels of many channels: the distance of the two pixels of channel 0 is the size.
 */
export function blockSize(): Promise<number> {
  measured ??= probe()
  return measured
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
    // This build has no such kernel, so the plain layout is used.
    return 0
  }
  const data = Float32Array.from({ length: CHANNELS * 2 }, (_, i) => i)
  const { y } = await session.run({ x: { type: 'float32', shape, data } })
  await session.close()
  const block = (y.data as Float32Array).indexOf(1)
  return block > 1 && CHANNELS % block === 0 ? block : 0
}
