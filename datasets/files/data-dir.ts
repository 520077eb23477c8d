/** The folder of fetched data sets where none is given. */
export function defaultDataDir(): string {
  return process.env.TOOLKIT_DATA || '.data'
}
