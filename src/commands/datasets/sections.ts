/** Lines of a list that is shown. */
export const SHOWN = 20

/** A list with its title, or the word that there is none; `shown` are its first entries. */
export function section(title: string, count: number, shown: readonly string[]): string[] {
  if (count === 0) return [`no ${title}`]
  const more = count > shown.length ? [`  … and ${count - shown.length} more`] : []
  return [`${title}: ${count}`, ...shown.map((line) => `  ${line}`), ...more]
}
