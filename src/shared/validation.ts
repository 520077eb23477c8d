/**
 * How data from outside is checked: schemas are zod's, and whatever does not fit is refused in one sentence that names
 * the field and says what it must be. Here are the error map that finds the words, and the kinds of fields that need
 * words of their own. `zod/mini`, since it loads faster than `zod` and its schemas are built in half the time.
 */
import * as z from 'zod/mini'
import { UserError } from './errors.js'
import { type Bounds, numberWithin, wholeNumberWithin } from './text.js'

export type Path = readonly PropertyKey[]

interface Options {
  /** Name of the value, before the names of its fields. */
  field?: string
  /** What is thrown; by default a `UserError`. */
  errorOf?: (sentence: string) => Error
  /** How the place of a fault is written; by default as in JavaScript, in quotes: `"evaluator.multiScale[1]"`. */
  nameOf?: (path: Path) => string
}

/** The type of an object with these fields. */
export type Fields<S extends z.core.$ZodShape> = z.infer<z.ZodMiniObject<S>>

/**
 * The value as `schema` has it: fields in the schema's order, missing ones filled in where they have a default.
 *
 * @throws what `errorOf` makes, for the first field that does not fit; an unknown field comes before all
 */
export function validate<S extends z.ZodMiniType>(
  schema: S,
  value: unknown,
  { field, errorOf = (words) => new UserError(words), nameOf = quoted }: Options = {},
): z.output<S> {
  const result = z.safeParse(schema, value, { error: wanted, reportInput: true })
  if (result.success) return result.data
  const { issues } = result.error
  // A misspelt field is missing under its right name too, which says less.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]
  const path = field === undefined ? issue.path : [field, ...issue.path]
  if (issue.code === 'unrecognized_keys') path.push(issue.keys[0])
  throw errorOf(`${nameOf(path)} ${wordsOf(issue)}`)
}

/** What the sentence says after the field's name. */
function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys' || issue.code === 'custom') return issue.message
  const value =
    issue.code === 'invalid_union' && issue.discriminator !== undefined
      ? (issue.input as Record<string, unknown>)[issue.discriminator]
      : issue.input
  return `is ${show(value)}, but must be ${issue.message}`
}

/** The error map: what a field must be, for issues whose schema does not say it itself. */
function wanted(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `is not known here; known are ${Object.keys((issue.inst as z.ZodMiniObject)._zod.def.shape).join(', ')}`
    case 'invalid_union':
      return `one of ${(issue.options as unknown[]).join(', ')}`
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`
    case 'too_small':
    case 'too_big':
      return issue.origin === 'array' ? listOf(issue.inst) : 'of another size'
    default:
      return issue.code === 'invalid_type' ? (TYPES[issue.expected] ?? listOf(issue.inst)) : 'something else'
  }
}

const TYPES: Record<string, string> = {
  boolean: 'true or false',
  number: 'a number',
  object: 'an object { … }',
  record: 'an object { … }',
  array: 'a list',
}

const listOf = (inst: unknown): string => `a list of ${(inst as z.ZodMiniTuple)._zod.def.items.length}`

function quoted(path: Path): string {
  if (path.length === 0) return 'it'
  return `"${path.map((key, at) => (typeof key === 'number' ? `[${key}]` : at === 0 ? String(key) : `.${String(key)}`)).join('')}"`
}

/** A value for a sentence: short, whatever it is. */
function show(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`
}

/** A finite number within the bounds that are given; `above` and `below` exclude the bound itself. */
export function number(bounds: Bounds = {}) {
  const { from, above, to, below } = bounds
  const error = numberWithin(bounds)
  return z
    .number(error)
    .check(
      ...(from === undefined ? [] : [z.gte(from, error)]),
      ...(above === undefined ? [] : [z.gt(above, error)]),
      ...(to === undefined ? [] : [z.lte(to, error)]),
      ...(below === undefined ? [] : [z.lt(below, error)]),
    )
}

/** A whole number with `low` ≤ value ≤ `high`. */
export function wholeNumber(low: number, high = Number.MAX_SAFE_INTEGER) {
  const error = wholeNumberWithin(low, high)
  return z.int(error).check(z.gte(low, error), z.lte(high, error))
}

/** A text that is not empty. */
export function text() {
  const error = 'a text that is not empty'
  return z.string(error).check(z.minLength(1, error))
}

/**
 * A check of a whole value, such as of fields against each other. `refuse` takes the path below the value and what the
 * sentence says after the field's name.
 */
export function rule<T>(check: (value: T, refuse: (path: Path, words: string) => void) => void) {
  return z.check<T>(({ value, issues }) =>
    check(value, (path, message) => issues.push({ code: 'custom', input: value, path: [...path], message })),
  )
}

/**
 * Objects of `schema` whose fields once had other names, {old: new}: old ones are read as the new ones. A value that
 * has both is refused.
 */
export function renamed<S extends z.ZodMiniType>(names: Record<string, string>, schema: S) {
  const rename = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const nameIn = (key: string): string => {
      const now = Object.hasOwn(names, key) ? names[key] : key
      return Object.hasOwn(value, now) ? key : now
    }
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [nameIn(key), field]))
  }
  return z.pipe(z.transform(rename), schema)
}
