/** The query parameters of a request. */
import type { Request } from 'express'
import { Problem } from './problem.js'

export type Query = Record<string, string | undefined>

/**
 * Misspelt parameters are refused: silently answering something else than was asked helps nobody.
 *
 * @internal
 */
export function readQuery(query: Request['query'], known: readonly string[]): Query {
  for (const [name, value] of Object.entries(query)) {
    requireKnown('query parameter', name, known)
    if (typeof value !== 'string')
      throw new Problem(400, `The query parameter "${name}" is given more than once.`)
  }
  return query as Query
}

/**
 * A query and the text fields that came in a form beside the image, which count the same.
 *
 * @throws Problem 400 for unknown fields, and for a parameter that is given twice
 */
export function addFields(
  query: Query,
  fields: readonly (readonly [name: string, value: string])[],
  known: readonly string[],
): Query {
  const all = { ...query }
  for (const [name, value] of fields) {
    requireKnown('form field', name, known)
    if (all[name] !== undefined) throw new Problem(400, `The parameter "${name}" is given more than once.`)
    all[name] = value
  }
  return all
}

function requireKnown(kind: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  const names = known.map((each) => `"${each}"`)
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  throw new Problem(400, `The ${kind} "${name}" is unknown; there are ${list}.`)
}

/** A whole number from 1 to `most`. @throws Problem 400 for anything else */
export function readCount(query: Query, name: string, most: number, usual: number): number {
  const text = query[name]
  if (text === undefined) return usual
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > most)
    throw new Problem(400, `The parameter "${name}" is "${text}"; give a whole number from 1 to ${most}.`)
  return count
}

/** A number from 0 to 1. @throws Problem 400 for anything else */
export function readShare(query: Query, name: string, usual: number): number {
  const text = query[name]
  if (text === undefined) return usual
  const share = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  if (!(share <= 1))
    throw new Problem(400, `The parameter "${name}" is "${text}"; give a number from 0 to 1.`)
  return share
}

/** 1 or 0, for yes and no. @throws Problem 400 for anything else */
export function readFlag(query: Query, name: string): boolean {
  const text = query[name] ?? '0'
  if (text !== '0' && text !== '1')
    throw new Problem(400, `The parameter "${name}" is "${text}"; give 1 for yes or 0 for no.`)
  return text === '1'
}
