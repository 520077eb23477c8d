#!/usr/bin/env node
/**
 * Runs the compiled tests. Words choose the files whose path holds one of them, anything that begins with a
 * dash goes to Node's test runner: `npm test -- engine`, `npm test -- cifar10 --test-name-pattern=labels`. With the
 * variable TOOLKIT_COVERAGE, all processes of the tests note in that folder what ran, for bin/coverage.js.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './root.js'

/** Compiled tests below `folder`, relative to the root, sorted. */
function testsBelow(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.js'))
    .sort()
}

const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'))
const words = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const tests = [...testsBelow('dist/test'), ...testsBelow('datasets/coco-ts/dist')]
const chosen = words.length === 0 ? tests : tests.filter((path) => words.some((word) => path.includes(word)))
if (chosen.length === 0) {
  const asked = words.map((word) => `"${word}"`).join(' or ')
  console.error(tests.length === 0 ? 'There is no compiled test.' : `No test file has ${asked} in its path.`)
  process.exit(1)
}

const env = { ...process.env }
if (env.TOOLKIT_COVERAGE) {
  env.TOOLKIT_COVERAGE = resolve(env.TOOLKIT_COVERAGE)
  mkdirSync(env.TOOLKIT_COVERAGE, { recursive: true })
  const hook = pathToFileURL(join(root, 'bin/coverage-hook.js')).href
  env.NODE_OPTIONS = `${env.NODE_OPTIONS ?? ''} --import ${hook}`
}

const [major, minor] = process.versions.node.split('.').map(Number)
const { status } = spawnSync(
  process.execPath,
  [
    '--test',
    '--enable-source-maps',
    '--test-reporter=spec',
    // Node leaves one core idle by default, which on two cores means one file after the other.
    ...(major > 20 || minor >= 10 ? [`--test-concurrency=${availableParallelism()}`] : []),
    ...options,
    ...chosen,
  ],
  { cwd: root, env, stdio: 'inherit' },
)
process.exit(status ?? 1)
