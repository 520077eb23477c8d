/** The query parameters of a request. */
import type { Request } from 'express'
import * as z from 'zod/mini'
import { number, validate, wholeNumber } from '../src/shared/validation.js'
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

/** The number that a parameter's text is, which has this `format`. */
const numeral = (format: RegExp, wanted: string) =>
  z.pipe(z.string().check(z.regex(format, wanted)), z.transform(Number))

/** A whole number from 1 to `most`; `usual` where it is not given. */
export const count = (most: number, usual: number) =>
  z._default(z.pipe(numeral(/^\d{1,9}$/, `a whole number from 1 to ${most}`), wholeNumber(1, most)), usual)

/** A number from 0 to 1; `usual` where it is not given. */
export const share = (usual: number) =>
  z._default(
    z.pipe(numeral(/^(\d+\.?\d*|\.\d+)$/, 'a number from 0 to 1'), number({ from: 0, to: 1 })),
    usual,
  )

/** 1 or 0, for yes and no; no where it is not given. */
export const flag = () =>
  z._default(
    z.pipe(
      numeral(/^[01]$/, '1 for yes or 0 for no'),
      z.transform((value) => value === 1),
    ),
    false,
  )

/** The parameters that `schema` knows. @throws Problem 400 for the first whose value cannot be */
export function readParameters<S extends z.ZodMiniType>(schema: S, query: Query): z.output<S> {
  return validate(schema, query, {
    errorOf: (sentence) => new Problem(400, `${sentence}.`),
    nameOf: ([name]) => `The parameter "${String(name)}"`,
  })
}
