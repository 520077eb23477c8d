/** How often each operation was chosen, over the course of a search. */
import { OPERATIONS_BY_FAMILY, operationColour, operationLabel } from '../../drawing/operation-families.js'
import { drawChart } from '../../shared/charts/chart.js'
import { labelsWidth, stackedAreas } from '../../shared/charts/stacked-areas.js'
import type { OperationShares } from './search-statistics.js'

/** One decimal where it counts: a label has little room. */
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`

/** Areas from part to part of the search, the operations of a family together. */
export function drawOperations({ cell, tenths }: OperationShares, label: string): string {
  const operations = OPERATIONS_BY_FAMILY.filter((operation) => tenths[0][operation] !== undefined)
  // Each part stands at its middle; the first and the last reach to the edges.
  const xs = [0, ...tenths.map((_, part) => (100 * (part + 0.5)) / tenths.length), 100]
  const areas = operations.map((operation) => {
    const shares = tenths.map((part) => part[operation]!)
    const [first, last] = [shares[0], shares.at(-1)!]
    const name = operationLabel(operation)
    return {
      values: [first, ...shares, last],
      colour: operationColour(operation),
      label: `${name} ${percent(last)}`,
      title: `${name}: ${percent(first)} at first, ${percent(last)} at last`,
    }
  })
  return drawChart([
    {
      title: `Operations of the ${cell} cells, ${label}`,
      x: { domain: [0, 100], label: 'part of the children done, %' },
      y: { domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], format: (tick) => `${100 * tick} %` },
      marks: [stackedAreas(xs, areas)],
      right: labelsWidth(areas),
    },
  ])
}
