#!/usr/bin/env node
/**
 * Makes a clone ready to run: installs what package-lock.json names and builds what changed. Does nothing,
 * in a few milliseconds, where nothing is to be done.
 */
import './node-version.js'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { builtOrBuild } from './build.js'
import { installedOrInstall } from './install.js'

/**
 * Ends the process with a plain sentence where it cannot.
 * @param {{ development: boolean }} options development: what only building and testing needs is wanted too
 */
export async function prepare({ development }) {
  const event = process.env.npm_lifecycle_event === 'prepare' ? process.env.npm_command : null
  // npx links the clone into its cache once, in silence; toolkit.js comes here again, heard.
  if (event === 'exec') return
  try {
    // Within `npm ci`, a second one would undo the first.
    if (event === null) await installedOrInstall({ development })
    await builtOrBuild()
  } catch (error) {
    console.error(error.message)
    process.exit(1)
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await prepare({ development: true })
