import type { CategoryStats } from '#coco-ts'

/** COCO's numbers of each category, a line each; – where a category has no objects. */
export function categoryTable(categories: readonly CategoryStats[], heads: readonly string[]): string {
  const width = Math.max(8, ...categories.map(({ name }) => name.length))
  const row = (name: string, cells: readonly string[]): string =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(6))].join(' ')
  const lines = categories.map(({ name, stats }) =>
    row(
      name,
      stats.map((value) => (value < 0 ? '–' : value.toFixed(3))),
    ),
  )
  return [row('category', heads), ...lines].join('\n')
}
