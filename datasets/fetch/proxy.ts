/** Which proxy an address is reached through, from the environment variables that curl, npm and pip read. */
import { BlockList, isIP } from 'node:net'
import { DatasetError } from '../files/errors.js'

/** A proxy and the variable that named it. */
export interface ProxyServer {
  url: URL
  variable: string
}

type Environment = Record<string, string | undefined>

/**
 * The proxy for `target`: that of `HTTPS_PROXY` or `HTTP_PROXY`, after its protocol, or else of `ALL_PROXY`, unless
 * `NO_PROXY` excepts its host. Lower-case names count before upper-case ones; empty values count as unset.
 *
 * @throws DatasetError when the variable holds no address of an HTTP proxy.
 */
export function proxyFor(target: URL, environment: Environment = process.env): ProxyServer | undefined {
  if (isExcepted(target, settingOf(environment, 'no_proxy')?.value ?? '')) return undefined
  const found =
    settingOf(environment, target.protocol === 'https:' ? 'https_proxy' : 'http_proxy') ??
    settingOf(environment, 'all_proxy')
  if (found === undefined) return undefined
  const { variable, value } = found
  const text = value.includes('://') ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || !areEncoded(url))
    throw new DatasetError(
      `The variable ${variable} holds no address of an HTTP proxy; set one such as http://proxy.example:3128, ` +
        'or unset it.',
    )
  return { url, variable }
}

/** `Proxy-Authorization` for the name and password in a proxy's address; empty where it has none. */
export function proxyHeaders({ url }: ProxyServer): Record<string, string> {
  if (url.username === '' && url.password === '') return {}
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return { 'Proxy-Authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
}

/** How messages name a proxy: without its name and password. */
export function proxyName({ url }: ProxyServer): string {
  return `the proxy ${url.protocol}//${url.host}`
}

function settingOf(environment: Environment, name: string): { variable: string; value: string } | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    const value = environment[variable]?.trim()
    if (value) return { variable, value }
  }
  return undefined
}

function areEncoded({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

/**
 * Whether a `NO_PROXY` list excepts the target. Its entries, separated by commas or blanks, are `*`, a host (which
 * stands for its sub-domains too, as `.host` and `*.host` do), an IP address or a range such as `10.0.0.0/8`, each
 * with a port behind it for that port alone.
 */
function isExcepted(target: URL, list: string): boolean {
  const host = target.hostname.replace(/^\[|\]$|\.$/g, '')
  const port = target.port || (target.protocol === 'https:' ? '443' : '80')
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [name, only] = withoutPort(entry)
      return (only === undefined || only === port) && coversHost(name, host)
    })
}

/** `host:port` or `[address]:port` taken apart; a bare IPv6 address has no port. */
function withoutPort(entry: string): [name: string, port?: string] {
  const [, address, range = '', behind] = /^\[([^\]]+)\](\/\d+)?(?::(\d+))?$/.exec(entry) ?? []
  if (address !== undefined) return [address + range, behind]
  const parts = entry.split(':')
  return parts.length === 2 ? [parts[0], parts[1]] : [entry]
}

function coversHost(entry: string, host: string): boolean {
  if (entry === '*') return true
  const [address, bits] = entry.split('/')
  if (isIP(address) !== 0) return coversAddress(address, bits, host)
  const domain = entry.replace(/^\*?\./, '').replace(/\.$/, '')
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`))
}

function coversAddress(address: string, bits: string | undefined, host: string): boolean {
  const kind = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  const most = kind === 'ipv6' ? 128 : 32
  const prefix = bits === undefined ? most : Number(bits)
  if (isIP(host) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > most) return false
  const covered = new BlockList()
  covered.addSubnet(address, prefix, kind)
  return covered.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4')
}
