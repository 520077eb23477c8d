/** Text in pictures: how wide it is about, shortened where it is too wide, as SVG. */
import { attributes, type Html, html } from '../html.js'

export const FONT = 'system-ui, Helvetica, Arial, sans-serif'
export const FONT_SIZE = 13

/**
 * Widths in em of DejaVu Sans, the widest of the fonts that pictures are commonly drawn with; the first that matches
 * counts. Which font will draw the text is not known here, so that these are upper bounds.
 */
const WIDTHS: readonly [RegExp, number][] = [
  [/\p{M}/u, 0],
  [/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]|\p{Emoji_Presentation}/u, 1.25],
  [/[iIjl.,:;'|! ()[\]/-]/, 0.4],
  [/[frt]/, 0.42],
  [/[mwMW@%—…]/, 1],
  [/[\p{Lu}&+=<>_×]/u, 0.8],
]
const OTHERWISE = 0.64
const BOLD = 1.1

/** An upper bound, in pixels. */
export function textWidth(text: string, size = FONT_SIZE, bold = false): number {
  let em = 0
  for (const letter of text) em += WIDTHS.find(([pattern]) => pattern.test(letter))?.[1] ?? OTHERWISE
  return em * size * (bold ? BOLD : 1)
}

/** The text, or its beginning and its end around an ellipsis: names that are long often differ at the end. */
export function shorten(text: string, width: number, size = FONT_SIZE, bold = false): string {
  if (textWidth(text, size, bold) <= width) return text
  const letters = [...text]
  for (let kept = letters.length - 1; kept > 0; kept--) {
    const head = letters.slice(0, Math.ceil(kept / 2)).join('')
    const tail = letters.slice(letters.length - Math.floor(kept / 2)).join('')
    const short = `${head.trimEnd()}…${tail.trimStart()}`
    if (textWidth(short, size, bold) <= width) return short
  }
  return '…'
}

/** One line, or two that break at a space; what does not fit is shortened. */
export function wrap(text: string, width: number, size = FONT_SIZE, bold = false): string[] {
  if (textWidth(text, size, bold) <= width) return [text]
  const spaces = [...text.matchAll(/ /g)].map(({ index }) => index)
  const end = spaces.filter((space) => textWidth(text.slice(0, space), size, bold) <= width).at(-1)
  if (end === undefined) return [shorten(text, width, size, bold)]
  return [text.slice(0, end), shorten(text.slice(end + 1), width, size, bold)]
}

export interface TextOptions {
  /** Which end of the text, or its middle, stands at x. */
  anchor?: 'start' | 'middle' | 'end'
  /** Whether the text names something (dark) or is a scale (paler). */
  kind?: 'ink' | 'soft'
  size?: number
  bold?: boolean
}

/** @param y Of the base line. */
export function svgText(
  x: number,
  y: number,
  content: string,
  { anchor, kind = 'soft', size, bold }: TextOptions = {},
): Html {
  return html`<text${attributes({
    ...{ class: kind, x, y, 'text-anchor': anchor, 'font-size': size, 'font-weight': bold && 600 },
    fill: kind === 'ink' ? '#222' : '#555',
  })}>${content}</text>`
}
