/** What the colours and lines of a chart mean, in rows below it. */
import { attributes, type Html, html } from '../html.js'
import { type LineStyle, lineAttributes } from './marks.js'
import { fillOf, type Series } from './picture.js'
import { shorten, svgText, textWidth } from './text.js'

export interface LegendEntry {
  text: string
  /** What stands before the text, in a box 24 wide around y = 0. */
  mark: Html
}

/** A series' colour. */
export const swatch = (text: string, series: Series): LegendEntry => ({
  text,
  mark: html`<rect${attributes({ ...fillOf(series), y: -5, width: 24, height: 10, rx: 3 })}/>`,
})

/** A line; of the neutral series, what such a line means in every colour. */
export const sample = (text: string, style: LineStyle, series: Series = 'neutral'): LegendEntry => ({
  text,
  mark: html`<path${attributes({ ...lineAttributes(series, style), d: 'M1 0h22' })}/>`,
})

export const dotSample = (text: string): LegendEntry => ({
  text,
  mark: html`<circle${attributes({ ...fillOf('neutral'), cx: 12, r: 2.4 })}/>`,
})

const MARK = 31
const BETWEEN = 18
const ROW = 21

/** Entries beside each other between `left` and `right`, in as many rows as they need, from `top` down; or each in its row. */
export function drawLegend(
  entries: readonly LegendEntry[],
  { left, right, top, inRows = false }: { left: number; right: number; top: number; inRows?: boolean },
): { rows: Html; height: number } {
  let [x, y] = [left, top]
  const rows = entries.map(({ text, mark }) => {
    const shown = shorten(text, right - left - MARK)
    const width = MARK + textWidth(shown)
    if (x > left && (inRows || x + width > right)) [x, y] = [left, y + ROW]
    const place = `translate(${Math.round(x)} ${y})`
    x += width + BETWEEN
    return html`
<g transform="${place}">${shown !== text && html`<title>${text}</title>`}${mark}${svgText(MARK, 4.5, shown, { kind: 'ink' })}</g>`
  })
  return { rows: html`${rows}`, height: entries.length === 0 ? 0 : y - top + ROW }
}
