/** A run that leaves nothing on the disk, for networks that are trained to be measured and then forgotten. */
import type { RunConfig } from './config.js'
import type { Run } from './run-folder.js'

export function unsavedRun(config: RunConfig): Run {
  const nothing = async (): Promise<void> => {}
  return {
    folder: 'a run without a folder',
    config,
    checkpoint: null,
    rows: [],
    append: nothing,
    save: nothing,
    close: nothing,
  }
}
