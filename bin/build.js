#!/usr/bin/env node
/**
 * Compiles and type-checks: the package coco-ts first, since the rest uses its types, then the rest.
 * Run by itself it always does; imported, it can ask first whether a source has changed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { renameInDeclarations } from './declarations.js'
import { exclusively } from './lock.js'
import { root } from './root.js'

const compiler = 'node_modules/typescript/bin/tsc'
const stamp = 'dist/.sources.json'
const packages = ['datasets/coco-ts', '.']

/** Every file that the build depends on, with its time and size. */
function sources() {
  const found = {}
  const add = (path) => {
    const { mtimeMs, size } = statSync(join(root, path))
    found[path] = `${mtimeMs} ${size}`
  }
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory() && !['node_modules', 'dist'].includes(entry.name)) walk(path)
      else if (entry.isFile() && /\.ts$|^(tsconfig|package)\.json$/.test(entry.name)) add(path)
    }
  }
  for (const path of ['tsconfig.json', 'package-lock.json']) add(path)
  for (const folder of JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).include)
    if (existsSync(join(root, folder))) walk(folder)
  return found
}

/** What the last good build was made from; null: there was none. */
function builtFrom() {
  try {
    return JSON.parse(readFileSync(join(root, stamp), 'utf8'))
  } catch {
    return null
  }
}

function isBuilt() {
  return JSON.stringify(sources()) === JSON.stringify(builtFrom())
}

function compile() {
  const before = builtFrom()
  const now = sources()
  // The compiler leaves behind what it made of a source that is gone, and a test would run on.
  const gone = before !== null && Object.keys(before).some((path) => !(path in now))
  for (const folder of packages) {
    if (!existsSync(join(root, folder, 'tsconfig.json'))) continue
    if (gone) rmSync(join(root, folder, 'dist'), { recursive: true, force: true })
    const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', folder], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    if (status !== 0) {
      rmSync(join(root, stamp), { force: true })
      throw new Error(
        `${stdout}${stderr}The TypeScript sources in ${folder} do not compile; the errors stand above.`,
      )
    }
  }
  mkdirSync(join(root, 'dist'), { recursive: true })
  renameInDeclarations(join(root, 'dist'))
  writeFileSync(join(root, stamp), JSON.stringify(now))
}

/** Builds where a source is newer than the build. Throws an error with what the compiler said. */
export async function builtOrBuild() {
  if (isBuilt()) return
  if (!existsSync(join(root, compiler))) {
    console.error('Not built: TypeScript is not installed, as after `npm ci --omit=dev`.')
    return
  }
  await exclusively('build', () => {
    if (!isBuilt()) compile()
  })
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await exclusively('build', compile)
  } catch (error) {
    console.error(error.message)
    process.exit(1)
  }
}
