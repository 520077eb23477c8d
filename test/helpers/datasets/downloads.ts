/** Downloads from a server that misbehaves, each test in a folder of its own. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach } from 'node:test'
import { type DownloadOptions, download } from '../../../datasets/fetch/download.js'
import { sfc32 } from '../../../src/shared/random.js'
import { type Answer, cutAfter, type FileServer, serveFile } from './file-server.js'

/** 300,000 bytes that no other seed gives. */
export function randomBytes(seed: number): Buffer {
  const random = sfc32(seed)
  return Buffer.from(Array.from({ length: 300_000 }, () => random() * 256))
}

/** What the server has, and what the download must bring. */
export const content = randomBytes(1)
const md5 = createHash('md5').update(content).digest('hex')

const temporary = mkdtempSync(join(tmpdir(), 'download-'))

export let folder: string
/** Where the file is to be. */
export let path: string
export let server: FileServer

/** Gives each test of a file its folder, and stops its server. */
export function prepareDownloads(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(temporary, 'test-'))
    path = join(folder, 'file.bin')
  })
  afterEach(() => server?.close())
  after(() => rmSync(temporary, { recursive: true }))
}

/** Stops the server of before. */
export async function serve(answers: Answer[], served = () => content): Promise<void> {
  await server?.close()
  server = await serveFile(served, answers)
}

/** Downloads from a new server. */
export async function get(
  answers: Answer[],
  more: Partial<DownloadOptions> = {},
  served = () => content,
): Promise<void> {
  await serve(answers, served)
  await again(more)
}

/** Downloads from the same server. */
export const again = (more: Partial<DownloadOptions> = {}): Promise<void> =>
  download({ url: server.url, path, bytes: content.length, md5, tries: 3, retryDelay: 1, ...more })

export function assertComplete(): void {
  assert.deepEqual(readFileSync(path), content)
  assert.deepEqual(readdirSync(folder), ['file.bin'], 'nothing else is left')
}

/** Waits until `.part` has at least so many bytes. */
export async function partHas(bytes: number): Promise<void> {
  while (!existsSync(`${path}.part`) || statSync(`${path}.part`).size < bytes)
    await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Sends so many bytes, and cuts the connection when they have arrived. */
export const cut = (bytes: number): Answer => cutAfter(bytes, partHas)
