/** Numbers in sentences for people. */

/** For example `1 step`, `20 steps`; `many` where an s alone does not make the plural. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`

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
