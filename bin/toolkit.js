#!/usr/bin/env node
import './node-version.js'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { prepare } from './prepare.js'
import { root } from './root.js'

// A clone installs and builds itself first; the published package brings its build and no tsconfig.json.
if (existsSync(join(root, 'tsconfig.json'))) await prepare({ development: false })
await import('../dist/src/cli.js')
