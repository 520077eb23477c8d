/** What a value of a JSON file is, and how it is shown. */

export const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || ArrayBuffer.isView(value)
export const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value)
export const isSize = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** How a wrong value is shown: short, and the same for every type. */
export function show(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value)
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

const NUMERAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i
const WHOLE = /^\s*-?\d+\s*$/

/** The finite number that a text such as "12.5" denotes; undefined for any other value. */
export function numberInText(value: unknown): number | undefined {
  if (typeof value !== 'string' || !NUMERAL.test(value)) return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** The whole number that a text of digits denotes; undefined for any other value. It may be too large to be exact. */
export function wholeNumberInText(value: unknown): number | undefined {
  return typeof value === 'string' && WHOLE.test(value) ? Number(value) : undefined
}
