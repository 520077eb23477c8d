/** What a user sees on stderr while a data set is fetched. */
import type { DownloadProgress } from '../../datasets/download.js'
import type { FetchOptions } from '../../datasets/fetch-cifar10.js'

type Stage = Parameters<NonNullable<FetchOptions['onStage']>>[0]

export interface FetchProgress extends Required<Pick<FetchOptions, 'onProgress' | 'onStage'>> {
  /** Leaves the progress line, so that what follows starts on a line of its own. */
  end: () => void
}

const stages: Partial<Record<Stage, string>> = {
  unpack: 'Unpacking and verifying …',
  copy: 'Copying and verifying …',
}

/** Time between two states of the line, in ms: on a terminal, and where each state is a line of its own (logs). */
const interval = { terminal: 100, log: 5000 }
/** The speed shown is that of so many ms past. */
const speedWindow = 5000

export function fetchProgress(
  out: { isTTY?: boolean; write: (text: string) => unknown },
  now: () => number = Date.now,
): FetchProgress {
  let shownAt = Number.NEGATIVE_INFINITY
  let onLine = false
  let past: { at: number; bytes: number }[] = []
  const end = () => {
    if (onLine) out.write('\n')
    onLine = false
  }
  return {
    end,
    onStage: (stage) => {
      end()
      if (stage === 'download') past = []
      const text = stages[stage]
      if (text !== undefined) out.write(`${text}\n`)
    },
    onProgress: (progress) => {
      const at = now()
      const last = progress.receivedBytes === progress.totalBytes
      if (at - shownAt < (out.isTTY ? interval.terminal : interval.log) && !last) return
      shownAt = at
      // A download that starts again has fewer bytes than before.
      past = past.filter((point) => at - point.at <= speedWindow && point.bytes <= progress.receivedBytes)
      past.push({ at, bytes: progress.receivedBytes })
      const line = progressLine(
        progress,
        (1000 * (progress.receivedBytes - past[0].bytes)) / (at - past[0].at),
      )
      out.write(out.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
      onLine = out.isTTY === true
    },
  }
}

/** For example `CIFAR-10  43 %  73.1 of 170.1 MB  8.2 MB/s  12 s left`. */
export function progressLine(
  { receivedBytes, totalBytes }: DownloadProgress,
  bytesPerSecond: number,
): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  const done = `CIFAR-10  ${Math.floor((100 * receivedBytes) / totalBytes)} %  ${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB`
  if (!(bytesPerSecond > 0) || !Number.isFinite(bytesPerSecond)) return done
  const seconds = Math.ceil((totalBytes - receivedBytes) / bytesPerSecond)
  const left = seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
  return `${done}  ${megabytes(bytesPerSecond)} MB/s  ${left} left`
}
