import { writeFile } from 'node:fs/promises'
import { search } from 'nasnet-toolkit'

// A few children of a few steps each; settings that are left out have the defaults of `toolkit search`.
const study = await search.createSearch(
  {
    data: 'embedded',
    strategy: 'evolution',
    evaluator: 'train',
    blocks: 2,
    trainImages: 80,
    validationImages: 40,
    steps: 2,
    budget: { kind: 'children', amount: 3 },
    top: 0,
  },
  'searches/example',
  { processes: 2 },
)
study.on('child', ({ result, reward }, { told }) => {
  console.log(`${told} of 3: child ${result.id} has reward ${reward.toFixed(3)}`)
})
// Were the program killed here, search.resumeSearch('searches/example') would go on.
const { best } = await study.run()
await study.close()

const [{ id, genotype, reward }] = best
await writeFile('best.svg', search.drawGenotype(genotype))
console.log(`the best is child ${id}: ${reward.toFixed(3)}, drawn in best.svg`)
