/** Ids as files write them: whole numbers, or texts of digits where the number is unambiguous. */

import { isObject, show, wholeNumberInText } from '../common/values.js'
import { digitsOf } from '../json/digits.js'

const LARGEST = Number.MAX_SAFE_INTEGER

/** The id that a value stands for; undefined where it is not a whole number, or one too large to be exact. */
export function readId(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : wholeNumberInText(value)
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined
}

/** Why there is no id at `key` of the entry, in words that follow the entry's name. */
export function idFaultOf(entry: Record<string, unknown>, key: string): string {
  const value = entry[key]
  const number = typeof value === 'number' ? value : wholeNumberInText(value)
  if (number === undefined || Number.isSafeInteger(number) || !(Math.abs(number) > LARGEST))
    return `${key} is ${show(value)}, but must be a whole number`
  const digits = typeof value === 'string' ? show(value) : (digitsOf(entry, key) ?? `${value} or close to it`)
  return `${key} is ${digits}, but whole numbers beyond ${LARGEST} cannot be told apart: use smaller ids`
}

/**
 * Ambiguous ids of a section: entries write one number in several ways, such as
 * 1 and "1", or "1" and "01", or have one id and different values at `label`. Each with the ways, for messages.
 */
export function ambiguousIds(entries: readonly unknown[], label: string): ReadonlyMap<number, string> {
  const ambiguous = new Map<number, string>()
  const ids = entries.map((entry) => (isObject(entry) ? readId(entry.id) : undefined))
  const known = ids.filter((id) => id !== undefined)
  if (new Set(known).size === known.length) return ambiguous
  const ways = new Map<number, Set<string>>()
  for (const [index, id] of ids.entries()) {
    if (id === undefined) continue
    const entry = entries[index] as Record<string, unknown>
    const way = `${show(entry.id)}${entry[label] === undefined ? '' : ` (${show(entry[label])})`}`
    ways.set(id, (ways.get(id) ?? new Set()).add(way))
  }
  for (const [id, shown] of ways) if (shown.size > 1) ambiguous.set(id, [...shown].slice(0, 3).join(' and '))
  return ambiguous
}

/** Gives out ids, from 1 up, that no entry of the section has. */
export function freeIds(entries: readonly unknown[]): () => number {
  let taken: Set<number | undefined> | undefined
  let next = 0
  return () => {
    taken ??= new Set(entries.map((entry) => (isObject(entry) ? readId(entry.id) : undefined)))
    do next++
    while (taken.has(next))
    return next
  }
}
