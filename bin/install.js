/** Installs the packages of package-lock.json, unless they are there. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { exclusively } from './lock.js'
import { root } from './root.js'

/**
 * What package-lock.json asks for and node_modules lacks, as paths. Packages that the lock marks optional
 * may be absent: they are other platforms' binaries. So may those for development, if something is installed.
 */
function missingPackages(development) {
  const packagesOf = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages
  const wanted = packagesOf('package-lock.json')
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return Object.keys(wanted)
  const installed = packagesOf('node_modules/.package-lock.json')
  return Object.keys(wanted).filter((path) => {
    const { dev, devOptional, integrity, optional, version } = wanted[path]
    if (path === '' || (dev && !development)) return false
    const there = installed[path]
    if (!there) return !optional && !devOptional
    return there.version !== version || (integrity && there.integrity !== integrity)
  })
}

/** Runs `npm ci` where packages are missing or of other versions. Throws an error of one sentence. */
export async function installedOrInstall({ development }) {
  if (missingPackages(development).length === 0) return
  await exclusively('install', () => {
    if (missingPackages(development).length === 0) return
    console.error('Installing the packages that package-lock.json names: once, for half a minute or so.')
    const npm = process.env.npm_execpath
    // No package here needs its script, and onnxruntime-node's would fetch CUDA libraries, which few machines use.
    const ci = ['ci', '--ignore-scripts', '--loglevel=error']
    // What npm prints is news for the person, not output of the command.
    const options = { cwd: root, stdio: ['inherit', 2, 2] }
    const { status, error } =
      npm && /^np[mx]-cli\.js$/.test(basename(npm))
        ? spawnSync(process.execPath, [npm.replace(/npx-cli\.js$/, 'npm-cli.js'), ...ci], options)
        : spawnSync('npm', ci, { ...options, shell: process.platform === 'win32' })
    if (error) throw new Error(`npm could not be started (${error.message}); install it and try again.`)
    if (status !== 0) throw new Error('npm could not install the packages; its reason stands above.')
  })
}
