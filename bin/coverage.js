#!/usr/bin/env node
/**
 * Prints how much of each room ran in a test: `TOOLKIT_COVERAGE=FOLDER npm test` notes it, `node bin/coverage.js FOLDER`
 * reads it. Counts the lines of compiled code in functions that were called, in whichever process or thread.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './root.js'

/** Where compiled code lies, and how many folders below tell one room from another. */
const places = [
  { folder: 'dist/src', depth: 1 },
  { folder: 'dist/models', depth: 0 },
  { folder: 'dist/datasets', depth: 0 },
  { folder: 'dist/serve', depth: 0 },
  { folder: 'datasets/coco-ts/dist/src', depth: 0 },
]

const sourceOf = (folder) => folder.replace(/^dist\/|\/dist\/src$/, '')

/** Each compiled file with the room that it belongs to, as the folder of its source. */
function compiledFiles() {
  return places.flatMap(({ folder, depth }) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => path.endsWith('.js'))
      .map((path) => ({
        room: [sourceOf(folder), ...path.split('/').slice(0, -1).slice(0, depth)].join('/'),
        text: readFileSync(join(root, folder, path), 'utf8'),
        url: pathToFileURL(join(root, folder, path)).href,
      })),
  )
}

/** Marks in `ran` the functions that were called in one process; those that lie in others are told apart. */
function mark(ran, functions) {
  const ranges = functions.flatMap(({ ranges }) => ranges)
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset)
  const here = new Uint8Array(ran.length)
  for (const { startOffset, endOffset, count } of ranges) here.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  for (let at = 0; at < ran.length; at++) ran[at] |= here[at]
}

/** Lines with code, more than a bracket, and those of them that ran. */
function countLines(text, ran) {
  let start = 0
  let lines = 0
  let covered = 0
  for (const line of text.split('\n')) {
    const first = start + line.length - line.trimStart().length
    const end = start + line.length
    if (/^\s*[^\s/*})\];]/.test(line)) {
      lines++
      if (ran.subarray(first, end).includes(1)) covered++
    }
    start = end + 1
  }
  return { lines, covered }
}

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('Usage: node bin/coverage.js FOLDER')
  process.exit(1)
}
const files = compiledFiles()
const ranOf = new Map(files.map(({ url, text }) => [url, new Uint8Array(text.length)]))
for (const name of readdirSync(folder))
  for (const { url, functions } of JSON.parse(readFileSync(join(folder, name), 'utf8'))) {
    const ran = ranOf.get(url)
    if (ran) mark(ran, functions)
  }

const rooms = new Map()
const total = { lines: 0, covered: 0 }
for (const { room, text, url } of files) {
  const { lines, covered } = countLines(text, ranOf.get(url))
  const sum = rooms.get(room) ?? { lines: 0, covered: 0 }
  for (const one of [sum, total]) {
    one.lines += lines
    one.covered += covered
  }
  rooms.set(room, sum)
}
for (const [room, { lines, covered }] of [...[...rooms].sort(), ['all', total]])
  console.log(`${room.padEnd(20)} ${((100 * covered) / lines).toFixed(1).padStart(5)} % of ${lines} lines`)
