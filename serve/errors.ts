/** Why a server cannot start: a model that is not what it should be, a port in use. One plain sentence. */
export class ServeError extends Error {
  override name = 'ServeError'
}
