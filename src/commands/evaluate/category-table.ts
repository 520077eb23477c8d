import type { CategoryStats } from '#coco-ts'
import { shortName } from '../../../datasets/detection/annotation-notes.js'

/** COCO's metrics of each category, a line each; – where a category has no objects. */
export function categoryTable(categories: readonly CategoryStats[], heads: readonly string[]): string {
  const names = categories.map(({ name }) => shortName(name))
  const width = names.reduce((most, name) => Math.max(most, name.length), 8)
  const row = (name: string, cells: readonly string[]): string =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(6))].join(' ')
  const lines = categories.map(({ stats }, index) =>
    row(
      names[index],
      stats.map((value) => (value < 0 ? '–' : value.toFixed(3))),
    ),
  )
  return [row('category', heads), ...lines].join('\n')
}
