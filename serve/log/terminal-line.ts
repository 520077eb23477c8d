/** A line of the log as people read it. */

/** For example `12:30:05 POST /classify 200 12.3 ms 127.0.0.1 b0e1…`. */
export function terminalLine({ time, level, event, ...entry }: Record<string, unknown>): string {
  const clock = new Date(String(time)).toTimeString().slice(0, 8)
  const { method, path, status, milliseconds, from, ...rest } = entry
  const what =
    event === 'request'
      ? [method, path, status, `${milliseconds} ms`, from]
      : [level === 'info' ? undefined : level, event, method, path, status, from]
  // Whatever else there is; a stack keeps its lines.
  const more = Object.entries(rest).map(([name, value]) =>
    name === 'message' || name === 'error' ? String(value) : `${name}=${String(value)}`,
  )
  return `${[clock, ...what, ...more].filter((part) => part !== undefined).join(' ')}\n`
}
