/** A mistake that the user can mend: commands print the message alone, without a stack, and exit with 1. */
export class UserError extends Error {
  override name = 'UserError'
}
