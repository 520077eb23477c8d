/** Downloads of commands: their progress on stderr, and what Ctrl-C does to them. */
import { type DownloadProgress, DownloadStopped } from '../../../datasets/fetch/download.js'
import { type LineStream, liveLine } from '../../shared/live-line.js'
import { formatDuration } from '../../shared/text.js'
import { interruptible } from './interrupt.js'
import { say } from './say.js'

export interface FetchProgress {
  onProgress: (progress: DownloadProgress) => void
  /** `name` is what is fetched now, where it is one of several. */
  onStage: (stage: FetchStage, name?: string) => void
  /** Leaves the progress line, so that what follows starts on a line of its own. */
  end: () => void
}

export type FetchStage = 'download' | 'verify' | 'unpack' | 'copy' | 'check'

/** The speed shown is the mean of so many ms. */
const speedWindow = 5000

/**
 * @param name What is fetched.
 * @param texts What is printed when a stage begins; other stages begin silently.
 */
export function fetchProgress(
  name: string,
  texts: Partial<Record<FetchStage, string>>,
  out: LineStream,
  now: () => number = Date.now,
): FetchProgress {
  const line = liveLine(out, now)
  let current = name
  let past: { at: number; bytes: number }[] = []
  return {
    end: line.end,
    onStage: (stage, part) => {
      line.end()
      past = []
      current = part ?? name
      const text = texts[stage]
      if (text !== undefined) out.write(`${part === undefined ? '' : `${part}: `}${text}\n`)
    },
    onProgress: (progress) => {
      const at = now()
      const speed = () => {
        // A download that starts again has fewer bytes than before.
        past = past.filter((point) => at - point.at <= speedWindow && point.bytes <= progress.receivedBytes)
        past.push({ at, bytes: progress.receivedBytes })
        return (1000 * (progress.receivedBytes - past[0].bytes)) / (at - past[0].at)
      }
      line.show(
        () => progressLine(current, progress, speed()),
        progress.receivedBytes === progress.totalBytes,
      )
    },
  }
}

/**
 * Fetches something with its progress on stderr, and prints the text that comes of it. Ctrl-C keeps what has arrived and
 * says how to go on.
 *
 * @param name What is fetched.
 * @param texts As of {@link fetchProgress}.
 */
export async function fetchAndPrint(
  name: string,
  texts: Partial<Record<FetchStage, string>>,
  fetch: (progress: FetchProgress, signal: AbortSignal) => Promise<string>,
): Promise<void> {
  const progress = fetchProgress(name, texts, process.stderr)
  try {
    const text = await interruptible(
      (signal) => fetch(progress, signal),
      () => {},
    )
    progress.end()
    console.log(text)
  } catch (error) {
    progress.end()
    if (!(error instanceof DownloadStopped)) throw error
    say(error.message)
  }
}

/** For example `CIFAR-10  43 %  73.1 of 170.1 MB  8.2 MB/s  12 s left`. */
export function progressLine(
  name: string,
  { receivedBytes, totalBytes }: Pick<DownloadProgress, 'receivedBytes' | 'totalBytes'>,
  bytesPerSecond: number,
): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  if (totalBytes === undefined) return `${name}  ${megabytes(receivedBytes)} MB`
  const percent = Math.floor((100 * receivedBytes) / Math.max(1, totalBytes))
  const done = `${name}  ${percent} %  ${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB`
  if (!(bytesPerSecond > 0) || !Number.isFinite(bytesPerSecond)) return done
  const left = formatDuration(Math.ceil((totalBytes - receivedBytes) / bytesPerSecond))
  return `${done}  ${megabytes(bytesPerSecond)} MB/s  ${left} left`
}
