/** Numbers in sentences for people. */

/** For example `1 step`, `20 steps`; `many` where an s alone does not make the plural. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`

/** Names for a sentence: the first twenty, and how many there are if there are more. */
export const listed = (names: readonly string[]): string =>
  names.length <= 20 ? names.join(', ') : `${names.slice(0, 20).join(', ')}, … (${names.length})`

/** With a comma at every thousand, for example 5,326,716. */
export const grouped = (value: number): string => value.toLocaleString('en-US')

/** A fraction in percent with one decimal, for example `56.1 %`. */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`

/** Seconds as people say them, for example `45 s`, `12 min`, `1 h 20 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown time'
  if (seconds < 99.5) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** A range of numbers; `above` and `below` exclude the bound itself. */
export interface Bounds {
  from?: number
  above?: number
  to?: number
  below?: number
}

/** For example `a number from 0 to 1`, `a number above 0 and at most 1`, `a number of at least 0 and below 1`. */
export function numberWithin({ from, above, to, below }: Bounds): string {
  if (from !== undefined && to !== undefined) return `a number from ${from} to ${to}`
  const low = from === undefined ? above !== undefined && `above ${above}` : `of at least ${from}`
  const high = to === undefined ? below !== undefined && `below ${below}` : `at most ${to}`
  const bounds = [low, high].filter((bound) => bound !== false)
  return ['a number', bounds.join(' and ')].join(low === false && to !== undefined ? ' of ' : ' ').trim()
}

/** For example `a whole number from 1 to 100`, `a whole number of 1 or more`, `a whole number`. */
export function wholeNumberWithin(
  low: number = Number.MIN_SAFE_INTEGER,
  high: number = Number.MAX_SAFE_INTEGER,
): string {
  if (high < Number.MAX_SAFE_INTEGER) return `a whole number from ${low} to ${high}`
  return low > Number.MIN_SAFE_INTEGER ? `a whole number of ${low} or more` : 'a whole number'
}
