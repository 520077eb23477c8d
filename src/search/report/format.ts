/** Numbers as a report shows them. */

/** Two significant digits. */
export function percent(share: number): string {
  return share >= 0.1 ? `${(100 * share).toFixed(0)} %` : `${Number((100 * share).toPrecision(2))} %`
}

/** Three digits, with k, M, G or T. */
export function short(value: number): string {
  const [unit, size] = (
    [
      ['T', 1e12],
      ['G', 1e9],
      ['M', 1e6],
      ['k', 1e3],
    ] as const
  ).find(([, least]) => value >= least) ?? ['', 1]
  return `${Number((value / size).toPrecision(3))}${unit === '' ? '' : ` ${unit}`}`
}

export function duration(seconds: number): string {
  if (seconds < 100) return `${Number(seconds.toPrecision(2))} s`
  if (seconds < 6000) return `${(seconds / 60).toFixed(0)} min`
  return `${(seconds / 3600).toFixed(1)} h`
}
