/** A mistake that the user can mend: commands print the message alone, without a stack, and exit with 1. */
export class UserError extends Error {
  override name = 'UserError'
}

/** Of all rooms: they do not share a class, since serve/ and coco-ts stand alone. */
const mendable = new Set(['UserError', 'CocoError', 'DatasetError', 'ModelError', 'ServeError'])

/** True for errors that a user can mend, from whichever room: their message says all. */
export function isMendable(error: unknown): error is Error {
  return error instanceof Error && mendable.has(error.name)
}
