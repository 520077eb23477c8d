/** What people see of a chain in their terminal. */
import type { Chain } from '../../chain/chain.js'
import type { StageResults } from '../../chain/chain-folder.js'
import { STAGES, type StageName } from '../../chain/plan.js'
import { liveLine } from '../../shared/live-line.js'
import { percent, plural } from '../../shared/text.js'
import { say } from '../shared/say.js'

/** A stage's result in one sentence. */
export const resultSentence: { [S in StageName]: (result: StageResults[S]) => string } = {
  search: ({ tried, best, accuracy }) =>
    `Of ${plural(tried, 'child', 'children')}, number ${best} has the best cells: ${percent(accuracy)} correct after its short training.`,
  classifier: ({ top1, images, steps }) =>
    `On ${images} images by an artist it never saw: ${percent(top1)} correct (by chance: 10.0 %), after ${plural(steps, 'step')}.`,
  detector: ({ ap50, ap, images, steps }) =>
    `On ${images} scenes with objects by an artist it never saw: AP50 ${ap50.toFixed(3)}, AP ${ap.toFixed(3)}, after ${plural(steps, 'step')}.`,
}

/** The sentence for a stage that is done. */
export function sentenceOf<S extends StageName>(name: S, result: StageResults[S]): string {
  return (resultSentence[name] as (result: StageResults[S]) => string)(result)
}

/**
 * Shows what a chain emits: results by `print`, the rest on stderr. Returns what ends the view, so that what is printed next
 * starts on a line of its own.
 */
export function showChain(chain: Chain, print: (text: string) => void): () => void {
  const line = liveLine(process.stderr)
  const result = (name: StageName): void => {
    const found = chain.results[name]
    if (found !== null) print(`${name}: ${sentenceOf(name, found)}`)
  }
  for (const name of STAGES) result(name)
  chain
    .on('stage', (name) => {
      line.end()
      say(`${name} …`)
    })
    .on('progress', (name, done, text) => line.show(() => `${name} ${Math.round(100 * done)} % · ${text}`))
    .on('note', (name, text) => {
      line.end()
      say(`${name}: ${text}`)
    })
    .on('done', (name) => {
      line.end()
      result(name)
    })
  return () => line.end()
}
