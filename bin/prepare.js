#!/usr/bin/env node
/**
 * Makes a clone ready to run: checks Node, installs what package-lock.json names, builds what changed.
 * Does nothing, in a few milliseconds, where nothing is to be done. npm itself also runs it (the `prepare`
 * script) after `npm ci` and when `npx toolkit` first links the clone.
 */
import { builtOrBuild } from './build.js'
import { installedOrInstall } from './install.js'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 9)) {
  console.error(
    `This needs Node.js 20.9 or newer, but runs in ${process.versions.node}: see https://nodejs.org`,
  )
  process.exit(1)
}

// Inside npm's own installation there is nothing to install, and a second `npm ci` would undo the first.
const insideInstallation = process.env.npm_lifecycle_event === 'prepare' && process.env.npm_command !== 'exec'

try {
  if (!insideInstallation) await installedOrInstall()
  await builtOrBuild()
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
