import {
  buildPredictor,
  buildTrainStep,
  createRun,
  evaluate,
  exportRun,
  loadData,
  noteData,
  presets,
  startServer,
  trainClassifier,
} from 'nasnet-toolkit'

// A run's config is data: start from a preset, change what you like. Here: small images, for 45 seconds.
const config = {
  ...presets.embedded,
  data: { ...presets.embedded.data, imageSize: 16 },
  length: { kind: 'seconds' as const, amount: 45 },
}
const data = await loadData(config)

// A run is a folder, which training fills with metrics and checkpoints.
const run = await createRun('runs/example', noteData(config, data))
const compiler = { buildTrainStep, buildPredictor }
const { state } = await trainClassifier(run, { train: data.train, validation: null }, compiler, {
  onStep({ step, metrics }) {
    if (step % 100 === 0) console.log(`step ${step}: loss ${metrics.loss.toFixed(3)}`)
  },
})
await run.close()

// On an artist's emoji that it has never seen.
const shapes = { batch: 100, imageSize: data.train.height, classes: data.classes.length }
const predictor = await buildPredictor(config, state, shapes)
const metrics = await evaluate(predictor, data.test!, { batchSize: 100 })
await predictor.close()
console.log(`${(100 * metrics!.top1).toFixed(1)} % right, where guessing has 10 %`)

// One file: pixels in, probabilities out.
const { path } = await exportRun('runs/example')
const server = await startServer({ models: [path], port: 0 })
console.log(`${path} is served at ${server.url}`)
await server.close()
