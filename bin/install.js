/** Installs the packages of package-lock.json, unless they are there. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { exclusively } from './lock.js'
import { root } from './root.js'

/**
 * What package-lock.json asks for and node_modules lacks, as names. Packages that the lock marks optional
 * may be absent: they are other platforms' binaries.
 */
function missingPackages() {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages
  const wanted = read('package-lock.json')
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return Object.keys(wanted)
  const installed = read('node_modules/.package-lock.json')
  return Object.entries(wanted)
    .filter(([path, entry]) => {
      const there = installed[path]
      if (path === '') return false
      if (!there) return !entry.optional && !entry.devOptional
      return there.version !== entry.version || (entry.integrity && there.integrity !== entry.integrity)
    })
    .map(([path]) => path)
}

/** Runs `npm ci` where packages are missing or of other versions. Throws an error of one sentence. */
export async function installedOrInstall() {
  if (missingPackages().length === 0) return
  await exclusively('install', () => {
    if (missingPackages().length === 0) return
    console.error('Installing the packages that package-lock.json names: once, for half a minute or so.')
    const npm = process.env.npm_execpath
    const ci = ['ci', '--loglevel=error']
    const options = {
      cwd: root,
      // What npm prints is news for the person, not output of the command.
      stdio: ['inherit', 2, 2],
      // onnxruntime-node would fetch CUDA libraries of several hundred megabytes, which few machines use.
      env: { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env },
    }
    const { status, error } =
      npm && /^np[mx]-cli\.js$/.test(basename(npm))
        ? spawnSync(process.execPath, [npm.replace(/npx-cli\.js$/, 'npm-cli.js'), ...ci], options)
        : spawnSync('npm', ci, { ...options, shell: process.platform === 'win32' })
    if (error) throw new Error(`npm could not be started (${error.message}); install it and try again.`)
    if (status !== 0) throw new Error('npm could not install the packages; its reason stands above.')
  })
}
