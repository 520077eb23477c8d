/** How often each operation was chosen, over the course of a search. */
import type { OperationName } from '../../../models/genotype.js'
import { OPERATIONS_BY_FAMILY, operationColour, operationLabel } from '../../drawing/operation-families.js'
import { orderedPlaces } from '../../drawing/ordered-places.js'
import { axisOf, drawChart, place, text } from './chart.js'
import type { OperationShares } from './search-figures.js'
import { sum } from './statistics.js'

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`

/** Areas from part to part of the search, the operations of a family together. */
export function drawOperations({ cell, tenths }: OperationShares, label: string): string {
  const operations = OPERATIONS_BY_FAMILY.filter((operation) => tenths[0][operation] !== undefined)
  const y = axisOf(0, 1, false)
  /** Shares of all operations before an operation. */
  const before = (part: number, index: number) =>
    sum(operations.slice(0, index).map((operation) => tenths[part][operation]!))
  return drawChart({
    title: `Operations of the ${cell} cells, ${label}`,
    x: axisOf(0, 100, false),
    along: 'part of the children done, %',
    y: { ...y, ticks: [0, 0.25, 0.5, 0.75, 1], show: (tick) => `${100 * tick} %` },
    right: 104,
    marks: ({ x, y }) => {
      // Each part stands at its middle; the first and the last reach to the edges.
      const at = (part: number) => x((100 * (part + 0.5)) / tenths.length)
      const along = (height: (part: number) => number): string[] => {
        const inner = tenths.map((_, part) => `${place(at(part))} ${place(y(height(part)))}`)
        const last = tenths.length - 1
        return [
          `${place(x(0))} ${place(y(height(0)))}`,
          ...inner,
          `${place(x(100))} ${place(y(height(last)))}`,
        ]
      }
      const areas = operations.map((operation, index) => {
        const path = [
          ...along((part) => before(part, index + 1)),
          ...along((part) => before(part, index)).reverse(),
        ].join('L')
        const shares = `${percent(tenths[0][operation]!)} at first, ${percent(tenths.at(-1)![operation]!)} at last`
        return `<path class="area" d="M${path}Z" fill="${operationColour(operation)}" stroke="#fff" stroke-width="0.8"><title>${operationLabel(operation)}: ${shares}</title></path>`
      })
      const last = tenths.length - 1
      const middle = (index: number) => y((before(last, index) + before(last, index + 1)) / 2)
      return [
        ...areas,
        ...labels(operations, tenths[last], middle, { right: x(100), top: y(1), bottom: y(0) }),
      ]
    },
    legend: [],
  })
}

/** Between the lines of labels. */
const LABEL = 14

/** Beside the areas' ends, moved apart where they are thin, but not beyond the plot. */
function labels(
  operations: OperationName[],
  shares: Partial<Record<OperationName, number>>,
  middle: (index: number) => number,
  { right, top, bottom }: { right: number; top: number; bottom: number },
): string[] {
  // The last lies at the top.
  const upwards = orderedPlaces(
    operations.map((_, index) => bottom - middle(index)),
    operations.map(() => LABEL),
  )
  const room = bottom - top
  return operations.flatMap((operation, index) => {
    const above = operations.length - 1 - index
    const y = bottom - Math.max(LABEL * index, Math.min(room - LABEL * above, upwards[index]))
    const label = `${operationLabel(operation)} ${percent(shares[operation]!)}`
    return [
      `<path class="axis" d="M${place(right)} ${place(middle(index))}L${place(right + 8)} ${place(y)}" stroke="#999" stroke-width="0.8"/>`,
      text(right + 11, y + 4, label, 'start', 'ink', 'font-size="11"'),
    ]
  })
}
