import { UserError } from '../../src/shared/errors.js'

/** What is wrong with a data set on disk or on its way here: one plain sentence that the user can act on. */
export class DatasetError extends Error {
  override name = 'DatasetError'
}

/** The last two: names that no file can have, because they are too long or hold a character that names do not. */
const MISSING = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE']

/** True when a file-system error says that there is nothing at the path. */
export function isMissing(error: unknown): boolean {
  return MISSING.includes((error as NodeJS.ErrnoException | null)?.code ?? '')
}

/**
 * Turns what the system says when writing to `path` fails into a sentence; other errors come back as they are.
 *
 * @param option Where the user chose the folder.
 */
export function writeError(error: unknown, path: string, option = '--to'): unknown {
  // The functions that all rooms share wrap what the system says.
  const cause = error instanceof UserError ? error.cause : error
  switch ((cause as NodeJS.ErrnoException | null)?.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new DatasetError(
        `The disk is full at "${path}"; free some space, or choose another folder with ${option}.`,
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new DatasetError(
        `There is no permission to write "${path}"; choose another folder with ${option}, or change its permissions.`,
      )
    case 'ENOTDIR':
    case 'EEXIST':
      return new DatasetError(
        `"${path}" cannot be made because a file is in its way; choose another folder with ${option}.`,
      )
    case 'EISDIR':
      return new DatasetError(
        `"${path}" cannot be made because a folder is in its way; choose another folder with ${option}.`,
      )
    default:
      return error
  }
}
