/** The live view of a search: a few lines that renew themselves on a terminal, one line now and then elsewhere. */
import type { Cell } from '../../../models/index.js'
import { operationLabel } from '../../drawing/operation-families.js'
import type { Budget } from '../../search/config.js'
import { RUNNING_MEAN, sparkline, type Watched } from '../../search/journal/standing.js'
import type { Standing } from '../../search/search.js'
import { formatDuration } from '../../shared/text.js'
import type { ProgressStream } from '../../train/run/progress.js'

export interface SearchView {
  /** Shows how the search stands; `cellsOf` knows the cells of a child. */
  show(watched: Watched, standing: Standing, cellsOf: (id: number) => Record<string, Cell>): void
  /** Leaves the view, so that what follows starts on a line of its own. */
  end(): void
}

/** Milliseconds between two renewals, on a terminal and elsewhere. */
const TERMINAL_INTERVAL = 250
const PLAIN_INTERVAL = 10_000

export function searchView(
  stream: ProgressStream,
  budget: Budget,
  startedWith: { told: number; seconds: number },
  now: () => number = () => performance.now(),
): SearchView {
  const live = stream.isTTY === true
  let shown = Number.NEGATIVE_INFINITY
  let lines = 0
  /** Draws what came too soon after the last renewal. */
  let owed: (() => void) | null = null
  const view: SearchView = {
    show(watched, standing, cellsOf) {
      const tooSoon = now() - shown < (live ? TERMINAL_INTERVAL : PLAIN_INTERVAL)
      owed = tooSoon ? () => draw(watched, standing, cellsOf) : null
      if (!tooSoon) draw(watched, standing, cellsOf)
    },
    end() {
      owed?.()
      owed = null
      lines = 0
    },
  }
  const draw: SearchView['show'] = (watched, standing, cellsOf) => {
    shown = now()
    const summary = summaryLine(watched, standing, budget, startedWith)
    if (!live) {
      stream.write(`${summary}\n`)
      return
    }
    const width = (stream.columns || 80) - 1
    const best = watched.best === undefined ? {} : cellsOf(watched.best.result.id)
    const cells = Object.entries(best).map(([kind, cell]) => `  ${kind}: ${cellLine(cell)}`)
    const text = [summary, `  ${sparkline(watched.rewards, width - 2)}`, ...cells].map((line) =>
      line.slice(0, width),
    )
    const up = lines > 0 ? `\x1b[${lines}A` : ''
    stream.write(`${up}\r\x1b[J${text.join('\n')}\n`)
    lines = text.length
  }
  return view
}

/** For example `120/200 children · best 0.512 (child 97) · last 25: 0.471 · 610 children/h · 8 min left`. */
export function summaryLine(
  { told, best, runningMean, failed }: Watched,
  { seconds }: Standing,
  budget: Budget,
  startedWith: { told: number; seconds: number },
): string {
  const rate = (told - startedWith.told) / Math.max(1e-9, seconds - startedWith.seconds)
  const left = budget.kind === 'children' ? (budget.amount - told) / rate : budget.amount - seconds
  return [
    `${told}${budget.kind === 'children' ? `/${budget.amount}` : ''} children`,
    ...(best === undefined ? [] : [`best ${best.reward.toFixed(3)} (child ${best.result.id})`]),
    `last ${Math.min(told, RUNNING_MEAN)}: ${runningMean.toFixed(3)}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${Math.round(rate * 3600)} children/h`,
    `${formatDuration(Math.max(0, left))} left`,
  ].join(' · ')
}

/** A cell in words: `sep 5×5 0 + sep 3×3 1, …`. */
function cellLine({ blocks }: Cell): string {
  return blocks
    .map(({ left, right, combine }) => {
      const side = ({ operation, input }: Cell['blocks'][number]['left']) =>
        `${operationLabel(operation)} ${input}`
      return `${side(left)} ${combine === 'add' ? '+' : '‖'} ${side(right)}`
    })
    .join(', ')
}
