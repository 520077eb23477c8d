/** An error that the user can fix: commands print the message alone, without a stack, and exit with 1. */
export class UserError extends Error {
  override name = 'UserError'
}

/** Names of such errors in all rooms. They share no class, because serve/ and coco-ts import nothing from here. */
const USER_ERRORS = new Set(['UserError', 'CocoError', 'DatasetError', 'ModelError', 'ServeError'])

/** True for an error that a user can fix, from any room. Its message says everything that the user needs. */
export function isUserError(error: unknown): error is Error {
  return error instanceof Error && USER_ERRORS.has(error.name)
}
