/** What a child of a search with shared weights costs: before it trains, while it does, and when it is measured. */
import { performance } from 'node:perf_hooks'
import { Command } from 'commander'
import { random } from '../../models/index.js'
import { blockSize } from '../../src/engine/index.js'
import { childConfig } from '../../src/search/evaluate/recipe.js'
import { sharedRecipe } from '../../src/search/evaluate/recipes.js'
import { randomDecisions } from '../../src/search/space/genotypes.js'
import { paperSpace } from '../../src/search/space/space.js'
import { buildPredictor } from '../../src/train/classification/export.js'
import { compileStep } from '../../src/train/classification/step.js'
import { openStep } from '../../src/train/step/compiled-step.js'
import { count, machine, warnIfBusy } from '../measure.js'
import { median, table } from '../statistics.js'

/** Milliseconds, and nodes in the graph of the training step. */
interface ChildCost {
  nodes: number
  trace: number
  open: number
  predictor: number
  close: number
  step: number
  measure: number
}

const options = new Command('npm run bench child --')
  .description('Random children of the default search, one after the other, on one thread; medians.')
  .option('--children <n>', 'how many, after two that do not count', count, 20)
  .option('--steps <n>', 'steps of each that are timed, after one that is not', count, 5)
  .option('--json', 'print JSON alone', false)
  .parse()
  .opts<{ children: number; steps: number; json: boolean }>()

const recipe = sharedRecipe(paperSpace, '')
const { batchSize, length } = recipe.run
const shapes = { batch: batchSize, imageSize: recipe.imageSize!, classes: 10 }
const threads = 1
const pixels = batchSize * shapes.imageSize ** 2 * 3

async function measureChild(number: number): Promise<ChildCost> {
  const { uniform } = random(1, 'child', number)
  const config = childConfig(paperSpace, recipe.run, randomDecisions(paperSpace, uniform))
  let last = performance.now()
  const lap = (): number => {
    const since = last
    last = performance.now()
    return last - since
  }

  const compiled = compileStep(config, shapes, await blockSize())
  const trace = lap()
  const step = await openStep(compiled, config.seed, { threads })
  const open = lap()
  const images = Float32Array.from({ length: pixels }, () => uniform() * 2 - 1)
  const labels = Int32Array.from({ length: batchSize }, () => Math.floor(uniform() * shapes.classes))
  const steps: number[] = []
  for (let done = 0; done <= options.steps; done++) {
    const batch = {
      images: {
        type: 'float32' as const,
        shape: [batchSize, shapes.imageSize, shapes.imageSize, 3],
        data: images.slice(),
      },
      labels: { type: 'int32' as const, shape: [batchSize], data: labels.slice() },
    }
    lap()
    await step.run(batch, { learningRate: 0.05, progress: 0, step: done })
    steps.push(lap())
  }
  const state = await step.state()
  lap()
  const predictor = await buildPredictor(config, state, shapes, { threads })
  const built = lap()
  for (let seen = 0; seen < recipe.validationImages!; seen += batchSize)
    await predictor.run(new Uint8Array(pixels), batchSize)
  const measure = lap()
  await predictor.close()
  await step.close()
  const close = lap()
  const { nodes } = compiled.program
  return { nodes, trace, open, predictor: built, close, step: median(steps.slice(1)), measure }
}

warnIfBusy()
const costs: ChildCost[] = []
for (let number = -2; number < options.children; number++) {
  const cost = await measureChild(number)
  if (number >= 0) costs.push(cost)
}
const parts = Object.keys(costs[0]) as (keyof ChildCost)[]
const medians = Object.fromEntries(
  parts.map((part) => [part, median(costs.map((cost) => cost[part]))]),
) as Record<keyof ChildCost, number>
const shares = costs.map(({ trace, open, predictor, close, step, measure }) => {
  const overhead = trace + open + predictor + close
  return overhead / (overhead + step * length.amount + measure)
})
if (options.json) console.log(JSON.stringify({ machine, ...medians, overhead: median(shares) }))
else {
  const rows: [string, number][] = [
    ['tracing and lowering the step', medians.trace],
    ['opening its session, with first weights', medians.open],
    ['building and opening the predictor', medians.predictor],
    ['closing both', medians.close],
    [`one step of ${batchSize} images`, medians.step],
    [`measuring ${recipe.validationImages} images`, medians.measure],
  ]
  console.log(table([['', 'ms'], ...rows.map(([what, millis]) => [what, millis.toFixed(0)])]))
  console.log(
    `\nA step has ${medians.nodes.toFixed(0)} nodes. Of a child of ${length.amount} steps, ${(100 * median(shares)).toFixed(1)} % of the time is overhead (${machine}).`,
  )
}
