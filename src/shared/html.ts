/** HTML, SVG and XML as text, escaped by default. Needs nothing beside it: browsers load this file too. */

/** Markup that is safe to insert as it is. Only {@link html} and {@link raw} make it. */
export class Html {
  readonly #markup: string

  /** @internal */
  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[]

/**
 * Builds markup from a template. Strings and numbers are escaped, for element content and for quoted attribute values
 * alike; `html` results and lists of them are inserted as they are; `null`, `undefined` and `false` leave nothing.
 * Not for the content of `<script>` and `<style>`, where entities do not count.
 */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(parts.reduce((markup, part, i) => markup + markupOf(values[i - 1]) + part))
}

/** Marks text as markup, without a check. The text must not come from a user or from a file. */
export const raw = (markup: string): Html => new Html(markup)

/**
 * Attributes with a space before each, as `html` inserts them. Values of `null`, `undefined` and `false` are left out;
 * numbers are rounded to two decimals, which is finer than a screen shows.
 */
export function attributes(values: Record<string, string | number | false | null | undefined>): Html {
  const given = Object.entries(values).filter(
    (entry): entry is [string, string | number] =>
      entry[1] !== false && entry[1] !== null && entry[1] !== undefined,
  )
  return new Html(given.map(([name, value]) => ` ${name}="${escaped(rounded(value))}"`).join(''))
}

/** Numbers with two decimals at most, as {@link attributes} writes them; text as it is. */
export function rounded(value: string | number): string {
  return String(typeof value === 'number' ? Math.round(value * 100) / 100 : value)
}

function markupOf(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(markupOf).join('')
  return escaped(String(value))
}

const ENTITIES: Record<string, string> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
}
/** Controls, lone halves of surrogate pairs and two non-characters: XML forbids them even as entities. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu

const escaped = (text: string): string =>
  text.replace(/[<>&"']/g, (letter) => ENTITIES[letter]).replace(FORBIDDEN, '\ufffd')
