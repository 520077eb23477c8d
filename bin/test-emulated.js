#!/usr/bin/env node
/**
 * Runs the engine's compiled tests on an emulated processor with AVX2 and without AVX-512, where ONNX Runtime's blocks have
 * 8 channels: most laptops have such a processor, and a test on the real one sees its own block alone. Needs
 * qemu-x86_64-static (Debian: qemu-user-static), and says so and ends well where that is missing. Words choose the files
 * whose name holds one of them: `node bin/test-emulated.js convolution blocks`.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { root } from './root.js'

const emulator = 'qemu-x86_64-static'
/** Without the features that the emulator lacks: it would warn of each, in every thread. */
const processor = 'Haswell-noTSX,-pcid,-x2apic,-tsc-deadline,-invpcid'
const folder = 'dist/test/engine'
const BLOCK = 8

function skip(reason) {
  console.log(`Skipped: ${reason}, so the engine was not tested with blocks of ${BLOCK} channels.`)
  process.exit(0)
}

/** Runs Node.js on the emulated processor, in the clone's root. */
function emulated(args) {
  return new Promise((resolve) => {
    const options = { cwd: root, maxBuffer: 1 << 28 }
    execFile(emulator, ['-cpu', processor, process.execPath, ...args], options, (error, stdout, stderr) =>
      resolve({ failed: error !== null, stdout, stderr }),
    )
  })
}

if (process.platform !== 'linux' || process.arch !== 'x64')
  skip(`this Node.js is built for ${process.platform} on ${process.arch}, not for Linux on x64`)
if (spawnSync(emulator, ['--version']).error) skip(`there is no ${emulator} (Debian: qemu-user-static)`)

const words = process.argv.slice(2)
const files = existsSync(join(root, folder))
  ? readdirSync(join(root, folder)).filter(
      (name) =>
        name.endsWith('.test.js') && (words.length === 0 || words.some((word) => name.includes(word))),
    )
  : []
if (files.length === 0) {
  const of = words.length === 0 ? '' : ` of ${words.join(' or ')}`
  console.error(`There is no compiled test${of} in ${folder}: run npm run build, or choose others.`)
  process.exit(1)
}
const probe =
  "import('./dist/src/engine/index.js').then(async (engine) => console.log(await engine.blockSize()))"
const { stdout, stderr } = await emulated(['-e', probe])
if (stdout.trim() !== `${BLOCK}`) {
  console.error(
    `The emulated processor has blocks of ${stdout.trim() || 'unknown size'}, not ${BLOCK}.\n${stderr}`,
  )
  process.exit(1)
}

const waiting = [...files]
let failures = 0
async function runWaiting() {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const begin = performance.now()
    const { failed, stdout, stderr } = await emulated(['--enable-source-maps', `${folder}/${file}`])
    const seconds = ((performance.now() - begin) / 1000).toFixed(0)
    console.log(`${failed ? 'not ok' : 'ok'} ${file} with blocks of ${BLOCK}, ${seconds} s`)
    if (!failed) continue
    failures++
    console.log(`${stdout}${stderr}`)
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, runWaiting))
if (failures > 0) process.exit(1)
