import type { OpenProgress } from '../../../datasets/index.js'
import type { LiveLine } from '../../shared/live-line.js'
import { grouped } from '../../shared/text.js'

/** Fewer files are looked at before anybody asks. */
const MANY_FILES = 20_000
/** The same for tar files: bytes. */
const MANY_BYTES = 2 ** 28

/** Shows how far the opening of a data set is, where that takes a while. */
export function openingProgress(line: LiveLine): (progress: OpenProgress) => void {
  return ({ unit, done, total }) => {
    if (total < (unit === 'files' ? MANY_FILES : MANY_BYTES)) return
    line.show(
      () =>
        unit === 'files'
          ? `files  ${grouped(done)} of ${grouped(total)} looked at`
          : `shards  ${((100 * done) / total).toFixed(0)} % of ${(total / 1e9).toFixed(1)} GB indexed`,
      done === total,
    )
  }
}
