import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import sharp from 'sharp'
import type { Dataset, ImageSet } from '../../datasets/index.js'
import {
  closeOnSignal,
  noLog,
  type RunningServer,
  ServeError,
  serverDefaults,
  startServer,
} from '../../serve/index.js'
import { writeFileAtomically } from '../shared/files.js'
import { readModel } from '../shared/read-model.js'
import { percent } from '../shared/text.js'
import { evaluate } from '../train/classification/evaluate.js'
import { buildPredictor, predictorFrom } from '../train/classification/export.js'
import { classifierFormatter } from '../train/classification/metrics.js'
import { presets } from '../train/classification/presets.js'
import { buildTrainStep } from '../train/classification/step.js'
import { trainClassifier } from '../train/classification/train.js'
import { loadData, noteData } from '../train/images/data.js'
import { showProgress } from '../train/run/progress.js'
import { createRun, exportRun } from '../train/tasks.js'
import { number, wholeNumber } from './shared/flags.js'
import { interruptible } from './shared/interrupt.js'
import { freeRunFolder } from './shared/new-folder.js'

const help = `
The data set is part of the package: nothing is downloaded. The server runs until Ctrl-C.

Examples:
  $ npm start
  $ npm start -- --seconds 600        longer, and better
  $ npm start -- --once               for CI: sends itself one request and exits`

/** `toolkit start`, which is what `npm start` runs. */
export function startCommand() {
  return new Command('start')
    .option('--seconds <n>', 'training time in seconds', number({ above: 0 }), presets.embedded.length.amount)
    .option(
      '--port <port>',
      `port to serve on, 0 to 65535 (default: ${serverDefaults.port}, or any free one)`,
      wholeNumber(0, 65535),
    )
    .option('--once', 'send one request to the server and exit')
    .addHelpText('after', help)
    .action(async ({ seconds, port, once }) => {
      const trained = await trainEmbedded(seconds)
      if (trained === null) return
      const { folder, test } = trained
      const { path } = await exportRun(folder)
      await printAccuracy(path, test)
      const example = await writeExample(folder, test)
      const server = await serve(path, port)
      console.log(`\nServing ${path} at ${server.url} until Ctrl-C. Classify an image:\n`)
      console.log(`  curl -F image=@'${example.path}' '${server.url}/classify?top=3'\n`)
      if (!once) return closeOnSignal(server)
      try {
        await sendRequest(server, example.path)
      } finally {
        await server.close()
      }
    })
}

/** Trains the preset; null when it was interrupted. */
async function trainEmbedded(seconds: number): Promise<{ folder: string; test: ImageSet } | null> {
  const preset = presets.embedded
  const config = { ...preset, length: { kind: 'seconds' as const, amount: seconds } }
  console.log('Drawing the embedded data set: emoji of ten classes, by several artists …')
  const dataset = await loadData(config)
  const run = await createRun(freeRunFolder(config.data.name, config.model), noteData(config, dataset))
  const { folder } = run
  try {
    console.log(`Training a NASNet-A on ${dataset.train.count} images for ${seconds} s, in ${folder} …`)
    const progress = showProgress(process.stderr, classifierFormatter)
    const data = { train: dataset.train, validation: dataset.validation ?? null }
    const result = await interruptible(
      (signal) => trainClassifier(run, data, { buildTrainStep, buildPredictor }, { signal, ...progress }),
      () => progress.note('Stopping …'),
    ).finally(progress.end)
    if (result.finished) return { folder, test: testOf(dataset) }
    console.log(`Saved ${folder}; continue with: npx toolkit train-backbone --resume ${folder}`)
    return null
  } catch (error) {
    await run.discardUntrained()
    throw error
  } finally {
    await run.close()
  }
}

function testOf({ name, test }: Dataset): ImageSet {
  if (test === undefined) throw new Error(`${name} has no test images`)
  return test
}

async function printAccuracy(path: string, test: ImageSet): Promise<void> {
  const predictor = await predictorFrom((await readModel(path)).bytes, test.height)
  const metrics = await evaluate(predictor, test, { batchSize: 100 }).finally(() => predictor.close())
  if (metrics === null) return
  const chance = percent(1 / test.classes.length)
  console.log(
    `On ${metrics.images} images by an artist it never saw: ${percent(metrics.top1)} correct (by chance: ${chance}).`,
  )
}

/** One test image as a file, so that there is something to send. */
async function writeExample(folder: string, test: ImageSet): Promise<{ path: string; label: string }> {
  const { width, height } = test
  const pixels = test.pixels.subarray(0, width * height * 3)
  const label = test.classes[test.labels[0]]
  const path = resolve(folder, `${label}.png`)
  await writeFileAtomically(
    path,
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  )
  return { path, label }
}

/** Serves on the given port; without one, on the default port or, if that is taken, on any free one. */
async function serve(path: string, port: number | undefined): Promise<RunningServer> {
  const options = { models: [path], log: noLog }
  if (port !== undefined) return startServer({ ...options, port })
  try {
    return await startServer(options)
  } catch (error) {
    const isTaken =
      error instanceof ServeError && (error.cause as NodeJS.ErrnoException)?.code === 'EADDRINUSE'
    if (!isTaken) throw error
    return startServer({ ...options, port: 0 })
  }
}

async function sendRequest({ url }: RunningServer, image: string): Promise<void> {
  const form = new FormData()
  form.set('image', new Blob([await readFile(image)], { type: 'image/png' }), 'image.png')
  const response = await fetch(`${url}/classify?top=3`, { method: 'POST', body: form })
  const answer = await response.text()
  if (!response.ok) throw new Error(`The server answered its own request with ${response.status}: ${answer}`)
  console.log(answer)
}
