/** One line that renews itself on a terminal, and now and then a line of its own elsewhere (in logs). */
export interface LiveLine {
  /** Shows `line()` if it is time to; `last` is always shown. */
  show: (line: () => string, last?: boolean) => void
  /** Leaves the line, so that what follows starts on one of its own. */
  end: () => void
}

export interface LineStream {
  isTTY?: boolean
  write: (text: string) => unknown
}

/** Time between two states of the line, in ms: on a terminal, and in a log. */
const interval = { terminal: 100, log: 5000 }

export function liveLine(out: LineStream, now: () => number = Date.now): LiveLine {
  let shownAt = Number.NEGATIVE_INFINITY
  let onLine = false
  return {
    show(line, last = false) {
      if (now() - shownAt < (out.isTTY ? interval.terminal : interval.log) && !last) return
      shownAt = now()
      out.write(out.isTTY ? `\r\x1b[K${line()}` : `${line()}\n`)
      onLine = out.isTTY === true
    },
    end() {
      if (onLine) out.write('\n')
      onLine = false
    },
  }
}
