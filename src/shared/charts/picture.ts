/** The frame of every picture: an SVG that stands alone, on white paper, or on dark where the reader's screen is dark. */
import { attributes, type Html, type HtmlValue, html, raw } from '../html.js'
import { FONT, FONT_SIZE } from './text.js'

/**
 * Distinguishable for the colour-blind (Okabe and Ito, "Color Universal Design", 2008). Attributes hold the colours for
 * white paper; classes beside them choose these others on dark paper.
 */
const SERIES = [
  { light: '#0072b2', dark: '#4196d6' },
  { light: '#d55e00', dark: '#e8762c' },
  { light: '#009e73', dark: '#1fb88d' },
  { light: '#cc79a7', dark: '#d98cb8' },
  { light: '#e69f00', dark: '#e69f00' },
  { light: '#56b4e9', dark: '#7cc4ee' },
  { light: '#000000', dark: '#ffffff' },
]
/** Of samples in a legend that stand for every series. */
const NEUTRAL = { light: '#777', dark: '#a0a0a0' }

/** A place in the palette, which begins anew after its last; or no series of its own. */
export type Series = number | 'neutral'

const placeOf = (series: Series) => (series === 'neutral' ? series : series % SERIES.length)
const lightOf = (series: Series): string =>
  series === 'neutral' ? NEUTRAL.light : SERIES[series % SERIES.length].light

/** Attributes of a line or an area of a series. */
export const strokeOf = (series: Series) => ({
  class: `stroke-${placeOf(series)}`,
  stroke: lightOf(series),
})
export const fillOf = (series: Series) => ({ class: `fill-${placeOf(series)}`, fill: lightOf(series) })

/** White paper is what pictures are drawn for; this is the dark one. */
const DARK_PAPER = '#16181b'

const DARK = [
  `.paper{fill:${DARK_PAPER}}.area{stroke:${DARK_PAPER}}`,
  '.ink{fill:#e4e4e4}.soft{fill:#b0b0b0}.grid{stroke:#34373b}.axis{stroke:#777}',
  ...[...SERIES, NEUTRAL].map(({ dark }, i) => {
    const series = i < SERIES.length ? i : 'neutral'
    return `.stroke-${series}{stroke:${dark}}.fill-${series}{fill:${dark}}`
  }),
].join('')

/** For coordinates in paths: finer than that no screen shows. */
export const tenth = (value: number): number => Math.round(value * 10) / 10

/** Content that is moved to the right and down. */
export const moved = (x: number, y: number, content: HtmlValue): Html => html`
<g transform="translate(${tenth(x)} ${tenth(y)})">${content}
</g>`

export interface PictureOptions {
  /** What a screen reader says. */
  title: string
  width: number
  height: number
  /** The class of the picture, for a page's own rules. */
  kind?: string
  /** More rules for dark paper. */
  dark?: string
}

/** A picture of `width` × `height` pixels. The same content always gives the same text. */
export function svgPicture(
  { title, width, height, kind = 'chart', dark = '' }: PictureOptions,
  content: HtmlValue,
): string {
  const root = { class: kind, role: 'img', width, height, viewBox: `0 0 ${width} ${height}` }
  // Renderers that make PNGs know no media query and keep to the attributes.
  const style = raw(`@media (prefers-color-scheme:dark){${DARK}${dark}}`)
  return String(html`<svg xmlns="http://www.w3.org/2000/svg"${attributes({ ...root, 'font-family': FONT, 'font-size': FONT_SIZE })}>
<title>${title}</title>
<style>${style}</style>
<rect class="paper" width="100%" height="100%" fill="#fff"/>
${content}
</svg>
`)
}
