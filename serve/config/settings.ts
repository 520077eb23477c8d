/**
 * The settings of a server, said once: what they may be, and what they mean. Flags of `toolkit serve`, environment
 * variables and the keys of a configuration file are made from this table.
 */
import { availableParallelism } from 'node:os'
import * as z from 'zod/mini'
import { text, wholeNumber } from '../../src/shared/validation.js'

/** A whole configuration. */
export interface ServerConfig {
  /** Paths of exported files: classifiers, detectors, or both. */
  models: string[]
  /** 0 takes any free port. */
  port: number
  host: string
  /** Worker threads for each model; by default one for each core, up to 4, and one for every four cores beyond. */
  workers?: number
  /** Threads that each worker computes with; by default the cores are shared out among the workers. */
  threads?: number
  /** The most images that a worker computes at once. By default, as many as take some 50 ms, at most 16. */
  maxBatch?: number
  /** How long an image waits for others while a worker is idle, in ms; by default 0. */
  maxWaitMs?: number
  /** The largest upload, in bytes: all images of one request together. */
  maxBytes: number
  /** The largest image, in pixels (width × height), whatever its size in bytes. */
  maxPixels: number
  /** Images of one request. */
  maxImages: number
  /** Images that may wait for each model, beyond those that are computed. */
  queue: number
  /** Processes that decode images, 2 or more: one for large ones, the others for the rest. */
  decoders: number
  /** A request is answered within this time of its upload's arrival, in seconds, if need be with 503. */
  deadline: number
  /** File of API keys, one a line: every request must carry one of them. */
  apiKeysFile?: string
  /** API keys beside those of the file. */
  apiKeys?: string[]
  /** Requests a minute for each key, or for each address where there are no keys; 0: no limit. */
  rateLimit: number
  /** Reverse proxies in front whose `X-Forwarded-For` is believed. */
  trustProxy: number
  /** Origins such as `https://example.org` whose scripts may read answers; `*`: all. */
  corsOrigins?: string[]
  /** Further connections are closed at once. */
  maxConnections: number
  /** `auto` is text on a terminal and JSON everywhere else. */
  logFormat: 'auto' | 'json' | 'text'
  /** No log at all. */
  quiet: boolean
}

export type SettingName = keyof ServerConfig

/** Values of the settings that have one where nobody gives any. */
export const serverDefaults = {
  port: 8080,
  host: '127.0.0.1',
  maxBytes: 10 * 1024 * 1024,
  maxPixels: 50_000_000,
  maxImages: 16,
  queue: 64,
  decoders: Math.max(3, Math.min(4, availableParallelism())),
  deadline: 20,
  rateLimit: 0,
  trustProxy: 0,
  maxConnections: 1000,
  logFormat: 'auto',
  quiet: false,
} satisfies Partial<ServerConfig>

interface Setting<T = unknown> {
  schema: z.ZodMiniType<T>
  /** As Commander has it; settings without a flag are given in other ways. */
  flag?: string
  /** Ends without a point, as the lines of `--help` do. */
  help: string
  /** Its values are shown nowhere. */
  secret?: boolean
}

const yesOrNo = () => z.boolean('true or false')
const listOf = (element: z.ZodMiniType<string>) => z.array(element, 'a list')

/** An API key is sent in a header: letters that cannot stand there are typing errors. */
const apiKey = () => {
  const wanted = 'a key of 16 to 256 letters without spaces or commas'
  return z.string(wanted).check(z.regex(/^[!-+\--~]{16,256}$/, wanted))
}

const origin = () => {
  const wanted = 'an origin such as https://example.org, without a path, or *'
  return z
    .string(wanted)
    .check(
      z.refine(
        (value) => value === '*' || (URL.canParse(value) && new URL(value).origin === value),
        `must be ${wanted}`,
      ),
    )
}

const settings = {
  models: {
    schema: listOf(text()).check(z.minLength(1, 'a list of one or more model files')),
    help: 'model files written by "toolkit export"',
  },
  port: {
    schema: wholeNumber(0, 65535),
    flag: '--port <port>',
    help: 'port to listen on; 0: any free one',
  },
  host: { schema: text(), flag: '--host <host>', help: 'address to listen on; 0.0.0.0: all' },
  workers: {
    schema: z.optional(wholeNumber(1, 256)),
    flag: '--workers <n>',
    help: 'inference workers for each model, 1 to 256 (default: one for each core, up to 4; then one for every 4 cores)',
  },
  threads: {
    schema: z.optional(wholeNumber(1, 1024)),
    flag: '--threads <n>',
    help: 'processor threads for each of these (default: the cores, shared equally)',
  },
  maxBatch: {
    schema: z.optional(wholeNumber(1, 1024)),
    flag: '--max-batch <n>',
    help: 'images that a worker computes at once (default: as many as take 50 ms, at most 16)',
  },
  maxWaitMs: {
    schema: z.optional(wholeNumber(0, 60_000)),
    flag: '--max-wait-ms <ms>',
    help: 'how long an idle worker waits for further images of a batch (default: 0)',
  },
  maxBytes: { schema: wholeNumber(1), flag: '--max-bytes <n>', help: 'largest upload in bytes' },
  maxPixels: {
    schema: wholeNumber(1),
    flag: '--max-pixels <n>',
    help: 'largest picture in pixels (width × height)',
  },
  maxImages: {
    schema: wholeNumber(1, 1024),
    flag: '--max-images <n>',
    help: 'pictures in one request, 1 to 1024',
  },
  queue: {
    schema: wholeNumber(0),
    flag: '--queue <n>',
    help: 'pictures that may wait for each model; more are answered with 503',
  },
  decoders: {
    schema: wholeNumber(2, 256),
    flag: '--decoders <n>',
    help: 'processes that decode pictures, 2 to 256',
  },
  deadline: {
    schema: wholeNumber(1, 3600),
    flag: '--deadline <seconds>',
    help: 'time to answer a request after its arrival, 1 to 3600; later it is answered with 503',
  },
  apiKeysFile: {
    schema: z.optional(text()),
    flag: '--api-keys <file>',
    help: 'file of API keys, one a line; requests without one of them are answered with 401',
  },
  apiKeys: {
    schema: z.optional(listOf(apiKey())),
    help: 'API keys themselves; there is no flag, since other users see the flags of a process',
    secret: true,
  },
  rateLimit: {
    schema: wholeNumber(0),
    flag: '--rate-limit <n>',
    help: 'requests a minute for each key, or address without keys; 0: no limit; more are answered with 429',
  },
  trustProxy: {
    schema: wholeNumber(0, 16),
    flag: '--trust-proxy <n>',
    help: 'reverse proxies in front, whose X-Forwarded-For is believed, 0 to 16',
  },
  corsOrigins: {
    schema: z.optional(listOf(origin())),
    flag: '--cors-origin <origins>',
    help: 'sites whose scripts may read answers, with commas between them; *: all (default: none)',
  },
  maxConnections: {
    schema: wholeNumber(1),
    flag: '--max-connections <n>',
    help: 'connections at once; more are closed',
  },
  logFormat: {
    schema: z.enum(['auto', 'json', 'text']),
    flag: '--log-format <format>',
    help: 'json: one object a line; text: for people; auto: text on a terminal, json elsewhere',
  },
  quiet: { schema: yesOrNo(), flag: '--quiet', help: 'do not log requests on stderr' },
} satisfies { [Name in SettingName]-?: Setting<ServerConfig[Name]> }

export const settingNames = Object.keys(settings) as SettingName[]

/** The setting as its uses see it. */
export const settingOf = (name: SettingName): Setting => settings[name]

/** For example `TOOLKIT_SERVE_MAX_BYTES`. */
export const variableOf = (name: SettingName): string =>
  `TOOLKIT_SERVE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
