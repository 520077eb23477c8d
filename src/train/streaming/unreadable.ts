/** Images of a run that cannot be read. */
import type { UnreadablePlace as Unreadable } from '../../../datasets/sources/decode-ahead.js'
import { UserError } from '../../shared/errors.js'
import { plural } from '../../shared/text.js'

/** Unreadable images in a row after which training stops, even where they may be skipped: the data is not there any more. */
export const GIVE_UP = 100

export type { Unreadable }

/** Named in messages; of more, the number. */
const NAMED = 3

/** An image cannot be read, which --skip-unreadable passes over. */
export class UnreadableImage extends UserError {}

/** The error for an image that a step would have trained on. `step`: counted from 1. */
export const unreadableError = ({ title, reason }: Unreadable, step: number): UnreadableImage =>
  new UnreadableImage(
    `${title} cannot be read as an image (${reason}), and step ${step} takes it. Pass --skip-unreadable to take the next ` +
      'image in place of such ones; or replace or remove it, and start again',
  )

/** The error for a validation image. */
export const unreadableValidationError = ({ title, reason }: Unreadable): UnreadableImage =>
  new UnreadableImage(
    `${title} cannot be read as an image (${reason}), and is one of the validation images. Pass --skip-unreadable to ` +
      'evaluate without such ones; or replace or remove it, and start again',
  )

/** The error for so many unreadable images in a row that something else is wrong. */
export const giveUpError = (name: string, { title, reason }: Unreadable, tried: number): UserError =>
  new UserError(
    `${plural(tried, 'image')} of ${name} in a row cannot be read; the last is ${title} (${reason}). Is its disk still there?`,
  )

/** What was skipped, in a sentence; null: nothing. `unreadable`: by any key. */
export function skippedSentence(unreadable: ReadonlyMap<unknown, Unreadable>): string | null {
  if (unreadable.size === 0) return null
  const first = [...unreadable.values()].slice(0, NAMED).map(({ title, reason }) => `${title} (${reason})`)
  const more = unreadable.size > NAMED ? ', …' : ''
  return `Skipped, because they cannot be read: ${plural(unreadable.size, 'image')}: ${first.join(', ')}${more}`
}
