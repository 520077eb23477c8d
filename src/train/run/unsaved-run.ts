/** A run that leaves nothing on the disk, for networks that are trained to be measured and then forgotten. */
import type { Run } from './run-folder.js'

export function unsavedRun<C>(config: C): Run<C> {
  const nothing = async (): Promise<void> => {}
  return {
    folder: 'a run without a folder',
    config,
    checkpoint: null,
    rows: [],
    edited: [],
    append: nothing,
    save: nothing,
    discardUntrained: async () => false,
    close: nothing,
  }
}
