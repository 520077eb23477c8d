/** What people see of a search on stderr while it runs. */
import { watchSearch } from '../../search/journal/standing.js'
import type { Study, WarmUpProgress } from '../../search/study.js'
import { liveLine } from '../../shared/live-line.js'
import { percent, plural } from '../../shared/text.js'
import { say } from '../shared/say.js'
import { type SearchView, searchView } from './view.js'

/** Shows what a study emits. Returns what ends the view, so that what is printed next starts on a line of its own. */
export function showStudy(study: Study): () => void {
  const line = liveLine(process.stderr)
  const watched = watchSearch()
  for (const event of study.events) if (event.kind === 'told') watched.add(event)
  let view: SearchView | undefined
  const end = (): void => {
    line.end()
    view?.end()
  }
  const { task, budget } = study.config
  const quality = task === 'autoencode' ? 'of the variance explained ' : ''
  const started = performance.now()
  let firstRound: number | undefined
  study
    .on('start', () => say(`Searching in ${study.folder}`))
    .on('warmUp', (progress) => {
      firstRound ??= progress.done
      const secondsEach = (performance.now() - started) / 1000 / (progress.done - firstRound + 1)
      line.show(() => warmUpLine(progress, secondsEach), progress.done === progress.rounds)
    })
    .on('search', (before) => {
      line.end()
      view = searchView(process.stderr, budget, before)
    })
    .on('child', (event, standing) => {
      watched.add(event)
      view?.show(watched, standing, (id) => {
        const { name: _, ...cells } = study.genotypeOf(id)
        return cells
      })
    })
    .on('searched', end)
    .on('retrain', (count) => say(`Training ${plural(count, 'child', 'children')} longer …`))
    .on('retrained', ({ id, quality: reached }) =>
      say(`child ${id}: ${percent(reached)} ${quality}after longer training`),
    )
    .on('compare', (child) => say(`Training child ${child} and a plain autoencoder of equal size …`))
    .on('note', say)
  return end
}

/** For example `shared weights: 48 of 240 children · loss 2.05 · 7 min left`. */
function warmUpLine({ done, rounds, sideBySide, loss }: WarmUpProgress, secondsEach: number): string {
  const minutes = Math.round(((rounds - done) * secondsEach) / 60)
  return `shared weights: ${done * sideBySide} of ${rounds * sideBySide} children · loss ${loss.toFixed(2)} · ${minutes} min left`
}
