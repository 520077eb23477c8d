#!/usr/bin/env node
import './node-version.js'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.js'

// A clone installs and builds itself first; the published package brings its build, and neither of these files.
if (existsSync(join(root, 'tsconfig.json'))) {
  const { prepare } = await import('./prepare.js')
  await prepare({ development: false })
}
await import('../dist/src/cli.js')
