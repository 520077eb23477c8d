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

// A run's config is data: start from a preset, change what you like.
const config = { ...presets.embedded, length: { kind: 'steps' as const, amount: 24 } }
const data = await loadData(config)

// A run is a folder, which training fills with metrics and checkpoints.
const run = await createRun('runs/example', noteData(config, data))
const compiler = { buildTrainStep, buildPredictor }
const { state, finished } = await trainClassifier(run, { train: data.train, validation: null }, compiler, {
  onStep: ({ step, figures }) => console.log(`step ${step}: loss ${figures.loss.toFixed(3)}`),
})
await run.close()

// On an artist's emoji that it has never seen.
const shapes = { batch: 100, imageSize: data.train.height, classes: data.classes.length }
const predictor = await buildPredictor(config, state, shapes)
const figures = await evaluate(predictor, data.test!, { batchSize: 100 })
await predictor.close()
console.log({ finished, top1: figures?.top1 })

// One file: pixels in, probabilities out.
const { path } = await exportRun('runs/example')
const server = await startServer({ models: [path], port: 0 })
console.log(`${path} is served at ${server.url}`)
await server.close()
