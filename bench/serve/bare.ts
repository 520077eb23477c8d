/**
 * ONNX Runtime without a server: threads that decode a photo as the server does and compute it, again and again. A thread
 * decodes the next batch, on libvips' threads, while it computes. Arguments: a JSON text of {@link BareOptions}. Prints
 * one line of JSON.
 */
import { readFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import { decodeImage } from '../../serve/image.js'
import { readModelCard } from '../../src/shared/read-model.js'

export interface BareOptions {
  model: string
  photo: string
  /** Sessions, each in a thread, and the threads that each computes with. */
  sessions: number
  threads: number
  batch: number
  seconds: number
  /** Decode and compute in turn, one image at a time. */
  inTurn?: boolean
}

export interface BareReport {
  imagesPerSecond: number
  /** Processor time for each image, in ms. */
  processorMillis: number
  /** Each batch from its bytes to its answer, in ms; only of `inTurn`. */
  millis: number[]
}

const WARM_UP = 3

async function compute(options: BareOptions): Promise<{ images: number; millis: number[] }> {
  const { model, photo, threads, batch, seconds, inTurn = false } = options
  const card = await readModelCard(model)
  const resize = card.task === 'detection' ? card.resize : (card.preprocessing ?? 'cover')
  const bytes = readFileSync(photo)
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    // As the server's sessions: spinning threads would be slower beside others.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    logSeverityLevel: 4,
  })
  const decode = () =>
    Promise.all(
      Array.from({ length: batch }, () =>
        decodeImage(bytes, { size: card.inputSize, resize, maxPixels: 50_000_000 }),
      ),
    )
  const shape = [batch, ...card.inputSize, 3]
  const run = async (decoded: Awaited<ReturnType<typeof decode>>) => {
    const data = Buffer.concat(decoded.map(({ pixels }) => pixels))
    await session.run({ images: new ort.Tensor('uint8', data, shape) })
  }
  for (let i = 0; i < WARM_UP; i++) await run(await decode())
  parentPort!.postMessage('ready')
  await new Promise((resolve) => parentPort!.once('message', resolve))
  const end = performance.now() + 1000 * seconds
  const millis: number[] = []
  let images = 0
  let next = decode()
  while (performance.now() < end) {
    const start = performance.now()
    const decoded = await (inTurn ? decode() : next)
    if (!inTurn) next = decode()
    await run(decoded)
    if (inTurn) millis.push(performance.now() - start)
    images += batch
  }
  await next
  return { images, millis }
}

async function main(): Promise<void> {
  const options: BareOptions = JSON.parse(process.argv[2])
  const workers = Array.from(
    { length: options.sessions },
    () => new Worker(new URL(import.meta.url), { workerData: options }),
  )
  const messages = <T>() =>
    Promise.all(
      workers.map(
        (worker) =>
          new Promise<T>((resolve, reject) => {
            worker.once('message', resolve).once('error', reject)
          }),
      ),
    )
  await messages()
  const start = performance.now()
  const before = process.cpuUsage()
  const answers = messages<Awaited<ReturnType<typeof compute>>>()
  for (const worker of workers) worker.postMessage('go')
  const reports = await answers
  const { user, system } = process.cpuUsage(before)
  const images = reports.reduce((sum, each) => sum + each.images, 0)
  const report: BareReport = {
    imagesPerSecond: (1000 * images) / (performance.now() - start),
    processorMillis: (user + system) / 1000 / images,
    millis: reports.flatMap(({ millis }) => millis),
  }
  console.log(JSON.stringify(report))
  process.exit()
}

if (isMainThread) {
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
  await main()
} else parentPort!.postMessage(await compute(workerData))
