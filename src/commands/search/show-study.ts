/** What people see of a search on stderr while it runs. */

import type { WarmUpProgress } from '../../search/course.js'
import { watchSearch } from '../../search/journal/standing.js'
import type { Study } from '../../search/study.js'
import { type LiveLine, liveLine } from '../../shared/live-line.js'
import { formatDuration, percent, plural } from '../../shared/text.js'
import { say } from '../shared/say.js'
import { type SearchView, searchView } from './view.js'

/** Shows what a study emits. Returns what ends the view, so that what is printed next starts on a line of its own. */
export function showStudy(study: Study): () => void {
  const line = liveLine(process.stderr)
  const watched = watchSearch()
  for (const event of study.events) if (event.kind === 'told') watched.add(event)
  let view: SearchView | undefined
  let longer: LongerTraining | undefined
  const end = (): void => {
    longer?.end()
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
    .on('retrain', (count) => {
      say(`Training ${plural(count, 'child', 'children')} longer …`)
      longer = longerTraining(count, line)
    })
    .on('retrained', ({ id, quality: reached }) => {
      line.end()
      say(`child ${id}: ${percent(reached)} ${quality}after longer training${longer?.add() ?? ''}`)
    })
    .on('compare', (child) => say(`Training child ${child} and a plain autoencoder of equal size …`))
    .on('note', say)
  return end
}

interface LongerTraining {
  /** Counts a child that is done; says how many are, for example ` (1 of 3, 20 min left)`. */
  add(): string
  end(): void
}

/** Milliseconds between two lines about training that takes minutes or hours, on a terminal and elsewhere. */
const [TERMINAL_TICK, PLAIN_TICK] = [1000, 60_000]

/** Shows how long `count` children have been trained for. */
function longerTraining(count: number, line: LiveLine): LongerTraining {
  const began = performance.now()
  const seconds = (): number => Math.round((performance.now() - began) / 1000)
  let done = 0
  const show = (): void =>
    line.show(() => `${done} of ${count} trained longer · ${formatDuration(seconds())}`, true)
  const timer = setInterval(show, process.stderr.isTTY ? TERMINAL_TICK : PLAIN_TICK)
  return {
    add() {
      done++
      const left = Math.round((seconds() / done) * (count - done))
      return ` (${done} of ${count}${done < count ? `, ${formatDuration(left)} left` : ''})`
    },
    end: () => clearInterval(timer),
  }
}

/** For example `shared weights: 48 of 240 children · loss 2.05 · 7 min left`. */
function warmUpLine({ done, rounds, sideBySide, loss }: WarmUpProgress, secondsEach: number): string {
  const minutes = Math.round(((rounds - done) * secondsEach) / 60)
  return `shared weights: ${done * sideBySide} of ${rounds * sideBySide} children · loss ${loss.toFixed(2)} · ${minutes} min left`
}
