/** A run without a folder, for networks that are trained to be measured only. */
import type { Run } from './run-folder.js'

/** A run whose metrics and checkpoints are dropped. */
export function unsavedRun<C>(config: C): Run<C> {
  const nothing = async (): Promise<void> => {}
  return {
    folder: 'a run without a folder',
    config,
    checkpoint: null,
    best: null,
    rows: [],
    edited: [],
    append: nothing,
    save: nothing,
    saveBest: nothing,
    discardUntrained: async () => false,
    close: nothing,
  }
}
