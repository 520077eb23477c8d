/** A server cannot start: a model does not match its card, a port is in use. The message is one plain sentence. */
export class ServeError extends Error {
  override name = 'ServeError'
}
