/**
 * Checks of JSON values against a TypeScript type: a schema returns the value when it fits and otherwise
 * throws one sentence that names the field. Unknown fields are errors, so that a misspelt one is noticed.
 */
import { UserError } from './errors.js'

export type Schema<T> = (value: unknown, field: string) => T

const show = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value))

function refuse(field: string, value: unknown, wanted: string): never {
  throw new UserError(`"${field}" is ${show(value)}, but must be ${wanted}`)
}

/** A finite number within the bounds that are given; `above` and `below` exclude the bound itself. */
export function number(bounds: {
  from?: number
  above?: number
  to?: number
  below?: number
}): Schema<number> {
  const { from = -Number.MAX_VALUE, above = -Infinity, to = Number.MAX_VALUE, below = Infinity } = bounds
  const wanted = Object.entries(bounds).map(([side, bound]) => `${side} ${bound}`)
  return (value, field) => {
    const fits = typeof value === 'number' && value >= from && value > above && value <= to && value < below
    return fits ? value : refuse(field, value, `a number ${wanted.join(' and ')}`)
  }
}

/** A whole number with `low` ≤ value ≤ `high`. */
export function integer(low: number, high = Number.MAX_SAFE_INTEGER): Schema<number> {
  const bounds = high === Number.MAX_SAFE_INTEGER ? `of ${low} or more` : `from ${low} to ${high}`
  return (value, field) => {
    const fits = Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high
    return fits ? (value as number) : refuse(field, value, `a whole number ${bounds}`)
  }
}

export const boolean: Schema<boolean> = (value, field) =>
  typeof value === 'boolean' ? value : refuse(field, value, 'true or false')

export const string: Schema<string> = (value, field) =>
  typeof value === 'string' && value !== '' ? value : refuse(field, value, 'a text that is not empty')

/** One of the given texts. */
export function choice<const T extends string>(...allowed: T[]): Schema<T> {
  return (value, field) =>
    allowed.includes(value as T) ? (value as T) : refuse(field, value, `one of ${allowed.join(', ')}`)
}

/** What the schema says, or nothing: for what configs of earlier versions do not have. */
export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return (value, field) => (value === undefined ? undefined : schema(value, field))
}

/** `null` (meaning: off), or what the schema says. */
export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return (value, field) => (value === null ? null : schema(value, field))
}

export function list<T>(schema: Schema<T>): Schema<T[]> {
  return (value, field) =>
    Array.isArray(value)
      ? value.map((item, index) => schema(item, `${field}[${index}]`))
      : refuse(field, value, 'a list')
}

/** A list of exactly so many items, each of its own kind. */
export function tuple<T extends unknown[]>(...items: { [K in keyof T]: Schema<T[K]> }): Schema<T> {
  return (value, field) =>
    Array.isArray(value) && value.length === items.length
      ? (items.map((item, index) => item(value[index], `${field}[${index}]`)) as T)
      : refuse(field, value, `a list of ${items.length}`)
}

/** An object with exactly these fields; those that are optional may be missing, and stay so. */
export function record<T extends object>(fields: { [K in keyof T]-?: Schema<T[K]> }): Schema<T> {
  return (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      refuse(field, value, 'an object { … }')
    const prefix = field === '' ? '' : `${field}.`
    for (const key of Object.keys(value))
      if (!Object.hasOwn(fields, key))
        throw new UserError(
          `"${prefix}${key}" is not known here; known are ${Object.keys(fields).join(', ')}`,
        )
    const result = {} as T
    for (const key of Object.keys(fields) as (keyof T & string)[]) {
      const field = fields[key]((value as Record<string, unknown>)[key], `${prefix}${key}`)
      if (field !== undefined) result[key] = field
    }
    return result
  }
}

/** Objects of several forms, told apart by their field `kind`. */
export function variants<T extends { kind: string }>(
  forms: {
    [K in T['kind']]: { [F in keyof Extract<T, { kind: K }>]: Schema<Extract<T, { kind: K }>[F]> }
  },
): Schema<T> {
  const kinds = Object.keys(forms) as T['kind'][]
  return (value, field) => {
    const kind = choice(...kinds)((value as { kind?: unknown } | null)?.kind, `${field}.kind`)
    return record(forms[kind] as never)(value, field) as T
  }
}
