import { writeFile } from 'node:fs/promises'
import { models, search } from 'nasnet-toolkit'

// A published cell that lies in the space of the paper can be told as the space's decisions, and back.
const { paperSpace } = search
console.log(`ENAS's cells are ${search.encode(paperSpace, models.ENAS_MICRO).join(' ')}`)
const space = { ...paperSpace, blocks: 2 }
console.log(`With two blocks a cell, there are ${search.distinctGenotypes(space)} different pairs`)

// How a child is trained and measured is data: start from a recipe, change what you like.
const recipe = search.trainRecipe(space)
const { run } = recipe
const data = { ...run.data, name: 'embedded', validation: 40, imageSize: 16 }
const evaluator = {
  ...recipe,
  trainImages: 80,
  run: { ...run, data, length: { kind: 'steps' as const, amount: 2 } },
}

// Two children at a time, each in a process of its own; openRedisQueue hands them to other machines.
const queue = await search.openLocalQueue({ evaluator, processes: 2, threads: 1 })
const strategy = search.regularizedEvolution(space, 1, search.evolutionFor(3))

// What happens is told as events: keep them in a file, and a search goes on where it was killed.
const events: search.JournalEvent[] = []
await search.runSearch({
  strategy,
  queue,
  reward: search.qualityAlone,
  budget: { kind: 'children', amount: 3 },
  journal: { events: [], append: async (event) => void events.push(event) },
})
await queue.close()
await strategy.close()

for (const { id, reward, decisions } of search.bestChildren(space, events, 1)) {
  await writeFile('best.svg', search.drawGenotype(search.decode(space, decisions, `child ${id}`)))
  console.log(`the best is child ${id}: ${reward.toFixed(3)}, drawn in best.svg`)
}
