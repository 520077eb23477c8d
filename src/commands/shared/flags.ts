/** What the values of flags may be: parsers that say in plain words what a value must be. */
import { type CommandUnknownOpts, InvalidArgumentError } from '@commander-js/extra-typings'
import { defined } from '../../shared/defined.js'
import { type Bounds, numberWithin, wholeNumberWithin } from '../../shared/text.js'

export type Parser<T> = (text: string) => T

/** The options of the command that `C` makes, as its action gets them. */
export type FlagsOf<C extends (...args: never[]) => CommandUnknownOpts> = ReturnType<ReturnType<C>['opts']>

/** A value that a flag does not take; `wanted` says what it must be, for example `a whole number of 1 or more`. */
export class WrongValue extends InvalidArgumentError {
  constructor(readonly wanted: string) {
    super(`It must be ${wanted}.`)
  }
}

/** A whole number with `least` ≤ value ≤ `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): Parser<number> {
  const wanted = wholeNumberWithin(least, most)
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value
    throw new WrongValue(wanted)
  }
}

/** A finite number within the bounds. */
export function number(bounds: Bounds = {}): Parser<number> {
  const { from = -Infinity, above = -Infinity, to = Infinity, below = Infinity } = bounds
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isFinite(value) && value >= from && value > above && value <= to && value < below) return value
    throw new WrongValue(numberWithin(bounds))
  }
}

/** What `parse` takes, or `off`. */
export function orOff<T>(parse: Parser<T>): Parser<T | 'off'> {
  return (text) => {
    if (text === 'off') return text
    try {
      return parse(text)
    } catch (error) {
      throw error instanceof WrongValue ? new WrongValue(`${error.wanted}, or off`) : error
    }
  }
}

/** What a flag that knows `off` makes of a setting: null where it is switched off. */
export const orNull = <T>(flag: T | 'off' | undefined, before: T | null): T | null =>
  flag === undefined ? before : flag === 'off' ? null : flag

/** `before` with the settings that are given; those that are undefined stay. */
export const changed = <T extends object>(before: T, given: Partial<T>): T => ({
  ...before,
  ...defined(given),
})

/** Values with commas between them; `wanted` describes the whole list. */
export function listOf<T>(parse: Parser<T>, wanted: string, count?: number): Parser<T[]> {
  return (text) => {
    const parts = text.split(',')
    try {
      if (count === undefined || parts.length === count) return parts.map(parse)
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error
    }
    throw new WrongValue(wanted)
  }
}

/** Height and width in pixels: `600` for both, or `480x640`. */
export const size: Parser<[height: number, width: number]> = (text) => {
  const match = /^(\d+)(?:x(\d+))?$/.exec(text.trim())
  if (match === null) throw new WrongValue('a side like 600, or height x width like 480x640')
  return [Number(match[1]), Number(match[2] ?? match[1])]
}

/** Commander's complaints about a value: `name` is the flag, the argument or the environment variable. */
const COMPLAINTS = [
  /^error: option '(?:-\w, )?(?<name>--[\w-]+)[^']*' argument '(?<value>.*)' is invalid\. /s,
  /^error: option '[^']*' value '(?<value>.*)' from env '(?<name>\w+)' is invalid\. /s,
  /^error: command-argument value '(?<value>.*)' is invalid for argument '(?<name>[^']*)'\. /s,
]

/**
 * Commander's error in the words that configs are checked with:
 * `--epochs is "x", but must be a whole number of 1 or more`. Other errors stay as they are.
 */
export function usageError(text: string): string {
  for (const complaint of COMPLAINTS) {
    const match = complaint.exec(text)
    if (match === null) continue
    const { name, value } = match.groups!
    const rest = text.slice(match[0].length).replace(/\.\n$/, '\n')
    const wanted = rest.replace(/^It must be /, '').replace(/^Allowed choices are /, 'one of ')
    return `${name} is "${value}", but must be ${wanted}`
  }
  return text
}
