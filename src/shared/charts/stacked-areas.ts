/** Areas on top of each other, each with a label where it ends. */
import { area } from 'd3-shape'
import { attributes, type Html, html } from '../html.js'
import { orderedPlaces } from '../ordered-places.js'
import type { Mark, Scales } from './marks.js'
import { tenth } from './picture.js'
import { svgText, textWidth } from './text.js'

export interface StackedArea {
  /** Its height at each x. */
  values: readonly number[]
  colour: string
  label: string
  /** What a hovering mouse reads. */
  title: string
}

const LABEL = { size: 12, height: 15, leader: 8, gap: 3 }

/** Room that the labels take beside the plot, in pixels. */
export const labelsWidth = (areas: readonly StackedArea[]): number =>
  LABEL.leader + 2 * LABEL.gap + Math.max(...areas.map(({ label }) => textWidth(label, LABEL.size)))

/** The first lies at the bottom. The areas have no gaps, and as many values as there are xs. */
export function stackedAreas(xs: readonly number[], areas: readonly StackedArea[]): Mark {
  const tops = xs.map(() => 0)
  const stacked = areas.map(({ values, ...look }) => {
    const slices = xs.map((x, i) => {
      const low = tops[i]
      tops[i] += values[i]
      return { x, low, high: tops[i] }
    })
    return { ...look, slices }
  })
  return (scales) => {
    const draw = area<(typeof stacked)[number]['slices'][number]>(
      ({ x }) => scales.x(x),
      ({ low }) => scales.y(low),
      ({ high }) => scales.y(high),
    ).digits(1)
    const drawn = stacked.map(({ slices, colour, title }) => {
      const look = { class: 'area', fill: colour, stroke: '#fff', 'stroke-width': 0.8 }
      return html`
<path${attributes({ ...look, d: draw(slices) })}><title>${title}</title></path>`
    })
    const ends = stacked.map(({ label, slices }) => {
      const { low, high } = slices.at(-1)!
      return { label, y: scales.y((low + high) / 2) }
    })
    return html`${drawn}${endLabels(ends, scales)}`
  }
}

/** Beside the areas' ends, moved apart where they are thin, but not beyond the plot. */
function endLabels(
  ends: readonly { label: string; y: number }[],
  { right, top, bottom }: Pick<Scales, 'right' | 'top' | 'bottom'>,
): Html[] {
  const upwards = orderedPlaces(
    ends.map(({ y }) => bottom - y),
    ends.map(() => LABEL.height),
  )
  const room = bottom - top
  return ends.map(({ label, y }, i) => {
    const above = LABEL.height * (ends.length - 1 - i)
    const at = bottom - Math.max(LABEL.height * i, Math.min(room - above, upwards[i]))
    const leader = `M${right} ${tenth(y)}L${right + LABEL.leader} ${tenth(at)}`
    const start = right + LABEL.leader + LABEL.gap
    return html`
<path${attributes({ class: 'axis', d: leader, stroke: '#999', 'stroke-width': 0.8, fill: 'none' })}/>${svgText(start, at + 4, label, { kind: 'ink', size: LABEL.size })}`
  })
}
