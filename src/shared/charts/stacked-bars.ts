/** How wholes divide into parts: a bar for each. */
import { attributes, html } from '../html.js'
import { drawLegend, swatch } from './legend.js'
import { fillOf, type Series, svgPicture } from './picture.js'
import { shorten, svgText } from './text.js'

export interface StackedBar {
  name: string
  /** From left to right; the shares sum to 1 at most. */
  parts: readonly { series: Series; share: number; title: string }[]
}

const WIDTH = 480
const MARGIN = 14
const BAR = { top: 48, height: 18, row: 48 }

/** @param legend What each series is, one in a row. */
export function drawStackedBars(
  title: string,
  bars: readonly StackedBar[],
  legend: readonly { text: string; series: Series }[],
): string {
  const width = WIDTH - 2 * MARGIN
  const drawn = bars.map(({ name, parts }, i) => {
    const top = BAR.top + BAR.row * i
    let left = MARGIN
    const pieces = parts.map(({ series, share, title }) => {
      const piece = { x: left, y: top + 7, width: share * width, height: BAR.height }
      left += share * width
      return html`<rect${attributes({ ...fillOf(series), ...piece })}><title>${title}</title></rect>`
    })
    return html`
${svgText(MARGIN, top, shorten(name, width), { kind: 'ink' })}${pieces}`
  })
  const below = drawLegend(
    legend.map(({ text, series }) => swatch(text, series)),
    { left: MARGIN, right: WIDTH - MARGIN, top: BAR.top + BAR.row * bars.length + 4, inRows: true },
  )
  const height = BAR.top + BAR.row * bars.length + below.height + 4
  return svgPicture({ title, width: WIDTH, height }, [
    svgText(MARGIN, 24, title, { kind: 'ink', size: 15, bold: true }),
    drawn,
    below.rows,
  ])
}
