/** What is wrong with a data set on disk or on its way here: one plain sentence that the user can act on. */
export class DatasetError extends Error {
  override name = 'DatasetError'
}

/** True when a file-system error says that there is nothing at the path. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
