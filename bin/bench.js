#!/usr/bin/env node
/** Runs one benchmark of bench/ with the remaining arguments: `npm run bench train -- --rounds 5`. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.js'

const names = readdirSync(join(root, 'bench')).filter((name) =>
  existsSync(join(root, 'bench', name, 'bench.ts')),
)
const [name, ...rest] = process.argv.slice(2)
if (!names.includes(name)) {
  if (name !== undefined) console.error(`There is no benchmark "${name}".`)
  console.error(`Usage: npm run bench NAME -- [options]\nNAME is one of: ${names.join(', ')}`)
  process.exit(1)
}
const script = join(root, 'dist/bench', name, 'bench.js')
const { status } = spawnSync(process.execPath, ['--enable-source-maps', script, ...rest], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
