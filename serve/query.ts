/** The parameters of a request: of its query, and those that came in its body beside an image. */
import type { Request } from 'express'
import * as z from 'zod/mini'
import { number, validate, wholeNumber } from '../src/shared/validation.js'
import { fromText } from './config/from-text.js'
import { Problem } from './problem.js'

export type Query = Record<string, string | number | boolean | undefined>

/** A parameter beside an image: a text in forms; in JSON, what it is. */
export type Parameter = [name: string, value: string | number | boolean]

/** The schema of a task's parameters. */
export type ParametersSchema<Options = unknown> = z.ZodMiniType<Options> & {
  shape: Record<string, z.ZodMiniType>
}

/**
 * Misspelt parameters are refused: silently answering something else than was asked helps nobody.
 *
 * @internal
 */
export function readQuery(
  query: Request['query'],
  known: readonly string[],
): Record<string, string | undefined> {
  for (const [name, value] of Object.entries(query)) {
    requireKnown('query parameter', name, known)
    if (typeof value !== 'string')
      throw new Problem(400, `The query parameter "${name}" is given more than once.`)
  }
  return query as Record<string, string>
}

/**
 * A query and the parameters that came in a body beside the image, which count the same.
 *
 * @throws Problem 400 for unknown fields, and for a parameter that is given twice
 */
export function addFields(query: Query, fields: readonly Parameter[], known: readonly string[]): Query {
  const all = { ...query }
  for (const [name, value] of fields) {
    requireKnown('field', name, known)
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

/** A whole number from 1 to `most`; `usual` where it is not given. */
export const count = (most: number, usual: number) => z._default(wholeNumber(1, most), usual)

/** A number from 0 to 1; `usual` where it is not given. */
export const share = (usual: number) => z._default(number({ from: 0, to: 1 }), usual)

/** True or false, in a text also 1 or 0; false where it is not given. */
export const flag = () => z._default(z.boolean('true or false (1 or 0 in a query or form)'), false)

/** The parameters that `schema` knows. @throws Problem 400 for the first whose value cannot be */
export function readParameters<Options>(schema: ParametersSchema<Options>, query: Query): Options {
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(schema.shape)) {
    const value = query[name]
    values[name] = typeof value === 'string' ? fromText(field, value) : value
  }
  return validate(schema, values, {
    errorOf: (sentence) => new Problem(400, `${sentence}.`),
    nameOf: ([name]) => `The parameter "${String(name)}"`,
  })
}
