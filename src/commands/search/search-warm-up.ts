/** The training of shared weights before a search: with a line that renews itself, and its time in the journal. */
import { loadFinished } from '../../search/evaluate/shared-weights-file.js'
import { evaluatorIn, OWN_WEIGHTS, type SearchFolder } from '../../search/search-folder.js'
import { liveLine } from '../shared/live-line.js'

/**
 * Trains a search's shared weights to their end, if its evaluator wants some; each child computes with so many
 * threads. False when stopped.
 *
 * @throws UserError when the weights are another search's, and missing, unfinished or trained for something else
 */
export async function warmUp(
  { folder, config, append }: Pick<SearchFolder, 'folder' | 'config' | 'append'>,
  threads: number,
  signal: AbortSignal,
): Promise<boolean> {
  const evaluator = evaluatorIn(folder, config.evaluator)
  if (evaluator.kind !== 'shared') return true
  if (config.evaluator.kind === 'shared' && config.evaluator.weights !== OWN_WEIGHTS) {
    await loadFinished(evaluator)
    return true
  }
  const { warmUpShared } = await import('../../search/evaluate/shared.js')
  const { rounds, sideBySide } = evaluator.warmUp
  const line = liveLine(process.stderr)
  const started = performance.now()
  let [first, written] = [0, started]
  return warmUpShared(
    evaluator,
    { threads },
    {
      signal,
      onRound(done, loss) {
        first ||= done
        const left = ((performance.now() - started) / 1000 / (done - first + 1)) * (rounds - done)
        line.show(
          () =>
            `shared weights: ${done * sideBySide} of ${rounds * sideBySide} children · loss ${loss.toFixed(2)} · ${Math.round(left / 60)} min left`,
          done === rounds,
        )
      },
      async onSaved(done) {
        const now = performance.now()
        const seconds = (now - written) / 1000
        written = now
        await append({ kind: 'warmed', rounds: done, seconds, threads: threads * sideBySide })
      },
    },
  ).finally(line.end)
}
