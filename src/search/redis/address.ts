/** The address of a Redis server, and its errors in plain words. */
import { UserError } from '../../shared/errors.js'

/** Throws a UserError when `address` is not `redis://…` or `rediss://…`. */
export function checkAddress(address: string): void {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    throw new UserError(
      `"${address}" is not the address of a Redis server; one looks like redis://host:6379 or rediss://:password@host:6380`,
    )
}

/** The address without its password, for messages. */
export function shownAddress(address: string): string {
  const url = new URL(address)
  if (url.password !== '') url.password = '***'
  return url.toString()
}

/** Patterns of an error's code and message, and what they mean. The first that matches counts. */
const meanings: [RegExp, string][] = [
  [/ECONNREFUSED/, 'nothing listens there; start redis-server, or correct the address'],
  [/ENOTFOUND|EAI_AGAIN/, 'there is no host of that name'],
  [/EHOSTUNREACH|ENETUNREACH/, 'there is no route to the host'],
  [/ETIMEDOUT|[Tt]imed out|Socket timeout/, 'it does not answer'],
  [/NOAUTH/, 'it asks for a password: redis://:PASSWORD@host:port'],
  [/WRONGPASS|invalid password/, 'it refuses the name or password'],
  [/NOPERM/, 'the user may not use all commands; give the user that the address names the rights to'],
  [/READONLY/, 'it is a read-only replica; name the primary'],
  [/MISCONF/, 'it refuses to write, since it cannot save its data to its disk'],
  [/OOM command/, 'its memory (maxmemory) is used up'],
  [/LOADING/, 'it is still loading its data'],
  [/DB index is out of range/, 'it has no database of the number that the address names'],
  [/Unknown RESP type|Protocol error/, "what answers there does not speak Redis's protocol"],
  [/SSL|wrong version number|EPROTO/, 'it does not speak TLS; begin the address with redis://'],
  [/CERT|certificate/i, 'its TLS certificate is not trusted here'],
  [/ECONNRESET|EPIPE|Connection is closed|closed by server/, 'it closed the connection'],
]

/** For example `nothing listens there; start redis-server, or correct the address`. */
export function meaningOf(error: unknown): string {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException
  const text = `${code} ${message}`
  return meanings.find(([pattern]) => pattern.test(text))?.[1] ?? message
}

/** True for errors of Redis or of the connection to it, false for bugs. */
export function isRedisError(error: unknown): boolean {
  const { name = '', code = '', message = '' } = error as NodeJS.ErrnoException
  return (
    ['ReplyError', 'AbortError', 'MaxRetriesPerRequestError'].includes(name) ||
    code !== '' ||
    /Unknown RESP type|Protocol error|Connection is closed|Socket timeout|Command timed out/.test(message)
  )
}
