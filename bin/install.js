/** Installs the packages of package-lock.json, unless they are there. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { exclusively } from './lock.js'
import { root } from './root.js'

/** npm's record of what it installed; it writes it at the end. */
const record = 'node_modules/.package-lock.json'

/**
 * What package-lock.json asks for and node_modules lacks, as paths. Packages that the lock marks optional
 * may be absent: they are other platforms' binaries. So may those for development, if something is installed.
 */
function missingPackages(development) {
  const packagesOf = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages
  const wanted = packagesOf('package-lock.json')
  if (!existsSync(join(root, record))) return Object.keys(wanted)
  const installed = packagesOf(record)
  return Object.keys(wanted).filter((path) => {
    const { dev, devOptional, integrity, optional, version } = wanted[path]
    if (path === '' || (dev && !development)) return false
    const there = installed[path]
    if (!there) return !optional && !devOptional
    return there.version !== version || (integrity && there.integrity !== integrity)
  })
}

/** Runs npm where packages are missing or of other versions. Throws an error of one sentence. */
export async function installedOrInstall({ development }) {
  if (missingPackages(development).length === 0) return
  await exclusively('install', () => {
    if (missingPackages(development).length === 0) return
    const isFirst = !existsSync(join(root, record))
    if (isFirst)
      console.error('Installing the packages that package-lock.json names, for half a minute or so.')
    else console.error('Bringing node_modules to what package-lock.json names.')
    // `npm ci` would take away what other processes of this clone are running on.
    const command = isFirst ? ['ci'] : ['install', '--no-save']
    runNpm([...command, '--ignore-scripts', '--loglevel=error'])
  })
}

/** No package here needs its install script, and onnxruntime-node's fetches CUDA libraries, which few machines use. */
function runNpm(args) {
  const npm = process.env.npm_execpath
  // What npm prints is news for the person, not output of the command.
  const options = { cwd: root, stdio: ['inherit', 2, 2] }
  const { status, error } =
    npm && /^np[mx]-cli\.js$/.test(basename(npm))
      ? spawnSync(process.execPath, [npm.replace(/npx-cli\.js$/, 'npm-cli.js'), ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
  if (error) throw new Error(`npm could not be started (${error.message}); install it and try again.`)
  if (status !== 0) throw new Error('npm could not install the packages; its reason stands above.')
}
