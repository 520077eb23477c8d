/** What `npm pack` makes, used as a dependent does: unpacked beside the packages that npm would install with it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { packageRoot } from '../src/shared/package-root.js'

const root = packageRoot()
const run = promisify(execFile)

interface Manifest {
  version: string
  exports: Record<string, unknown>
  dependencies: Record<string, string>
  scripts: Record<string, string>
}

/** Each entry of the package, with a function and a type that it exports. */
const entries: Record<string, { value: string; type: string }> = {
  '': { value: 'loadDetectionData', type: 'DetectionData' },
  '/models': { value: 'nasnet', type: 'NasnetConfig' },
  '/engine': { value: 'compile', type: 'Program' },
  '/train': { value: 'trainClassifier', type: 'RunConfig' },
  '/search': { value: 'randomSearch', type: 'SearchSpace' },
  '/serve': { value: 'startServer', type: 'RunningServer' },
  '/client': { value: 'Client', type: 'Health' },
  '/datasets': { value: 'loadDataset', type: 'ImageSet' },
  '/coco-ts': { value: 'COCO', type: 'Annotation' },
}

/** Paths of the files in the tarball of the package in `folder`. */
async function packedFiles(folder: string): Promise<string[]> {
  const options = { cwd: folder, shell: process.platform === 'win32' }
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], options)
  const [{ files }] = Object.values(JSON.parse(stdout)) as { files: { path: string }[] }[]
  return files.map(({ path }) => path)
}

/** Packages that npm installs for a dependent, as paths below the root: no development and no workspaces. */
async function installedForDependents(): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(root, 'node_modules/.package-lock.json'), 'utf8'))
  return Object.keys(packages).filter((path) => {
    const { dev, link } = packages[path]
    return /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && !dev && !link
  })
}

describe('the packed package', () => {
  let dependent: string
  let files: string[]
  let manifest: Manifest
  before(async () => {
    files = await packedFiles(root)
    manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    dependent = await mkdtemp(join(tmpdir(), 'toolkit-dependent-'))
    const modules = join(dependent, 'node_modules')
    for (const file of files) await cp(join(root, file), join(modules, 'nasnet-toolkit', file))
    for (const path of await installedForDependents()) {
      await mkdir(dirname(join(dependent, path)), { recursive: true })
      await symlink(join(root, path), join(dependent, path), 'junction')
    }
  })
  after(() => rm(dependent, { recursive: true }))

  const node = (...args: string[]) => run(process.execPath, args, { cwd: dependent })

  it('holds what runs, and neither sources’ maps nor scripts of development', () => {
    for (const wanted of ['LICENSE', 'NOTICE', 'README.md', 'bin/toolkit.js', 'dist/src/index.js'])
      assert.ok(files.includes(wanted), wanted)
    const strange = files.filter((file) =>
      /\.(map|tsbuildinfo)$|(^|\/)(test|bench)\/|(?<!\.d)\.ts$/.test(file),
    )
    assert.deepEqual(strange, [])
    const scripts = files.filter((file) => file.startsWith('bin/'))
    assert.deepEqual(scripts.sort(), ['bin/node-version.js', 'bin/root.js', 'bin/toolkit.js'])
  })

  it('runs as a library, through each of its entries', async () => {
    for (const [entry, { value }] of Object.entries(entries)) {
      const program = `import { ${value} } from 'nasnet-toolkit${entry}'; console.log(typeof ${value})`
      const output = await node('--input-type=module', '-e', program)
      assert.deepEqual(output, { stdout: 'function\n', stderr: '' }, entry)
    }
    assert.deepEqual(
      Object.keys(entries).map((entry) => `.${entry}`),
      Object.keys(manifest.exports).filter((entry) => entry !== './package.json'),
    )
  })

  it('loads TensorFlow.js neither to serve nor to read data', async () => {
    const loads = async (entry: string) => {
      const program = `import 'nasnet-toolkit${entry}'
        import { createRequire } from 'node:module'
        const { cache } = createRequire(import.meta.url)
        console.log(Object.keys(cache).some((path) => /[/\\\\]@tensorflow[/\\\\]/.test(path)))`
      return (await node('--input-type=module', '-e', program)).stdout.trim()
    }
    for (const entry of ['/serve', '/datasets', '/coco-ts']) assert.equal(await loads(entry), 'false', entry)
    assert.equal(await loads('/models'), 'true')
  })

  it('runs as a command, and installs or builds nothing', async () => {
    const command = join('node_modules', 'nasnet-toolkit', 'bin', 'toolkit.js')
    assert.deepEqual(await node(command, '--version'), { stdout: `${manifest.version}\n`, stderr: '' })
    // The one command that uses most of coco-ts.
    const boxes = {
      images: [{ id: 1, width: 9, height: 9, file_name: 'a.png' }],
      annotations: [],
      categories: [],
    }
    await writeFile(join(dependent, 'boxes.json'), JSON.stringify(boxes))
    const inspected = await node(command, 'datasets', 'inspect', 'boxes.json', '--json')
    assert.equal(JSON.parse(inspected.stdout).images.count, 1)
  })

  it('declares its types with nothing that it does not bring', async () => {
    const imported = /(?:from |import\(|import )["'](node:|#|@[^/'"]+\/[^/'"]+|[^./'"][^/'"]*)/g
    for (const file of files.filter((path) => path.endsWith('.d.ts')))
      for (const [, name] of (await readFile(join(root, file), 'utf8')).matchAll(imported)) {
        if (name === '#') continue
        const types = name === 'node:' ? '@types/node' : `@types/${name}`
        assert.ok(name in manifest.dependencies || types in manifest.dependencies, `${file} imports ${name}`)
      }
  })

  for (const [module, moduleResolution] of [
    ['NodeNext', 'NodeNext'],
    ['ESNext', 'Bundler'],
  ])
    it(`type-checks in a strict project that checks libraries too, resolved as ${moduleResolution}`, async () => {
      const compilerOptions = { strict: true, skipLibCheck: false, noEmit: true, target: 'ES2022' }
      await writeFile(
        join(dependent, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: { ...compilerOptions, module, moduleResolution },
          include: ['use*.mts'],
        }),
      )
      const program = await readFile(join(root, 'examples/train-and-serve.ts'), 'utf8')
      await writeFile(join(dependent, 'use.mts'), program)
      for (const [entry, { value, type }] of Object.entries(entries))
        await writeFile(
          join(dependent, `use${entry.replace('/', '-')}-entry.mts`),
          `import { type ${type}, ${value} } from 'nasnet-toolkit${entry}'
          export const inferred = ${value}
          export const named = (it: ${type}): ${type} => it
          // An entry whose types are missing would be any, and any is everything.
          export const isAny: 0 extends 1 & ${type} ? true : false = false
          export const isFunction: 0 extends 1 & typeof ${value} ? true : false = false\n`,
        )
      const compiler = join(root, 'node_modules/typescript/bin/tsc')
      const output = await node(compiler, '-p', '.').then(
        ({ stdout }) => stdout,
        ({ stdout }) => stdout as string,
      )
      // Declarations of TensorFlow.js's own dependencies repeat what newer compilers know already.
      const ours = output
        .split('\n')
        .filter((line) => /^(use[\w-]*\.mts|node_modules\/nasnet-toolkit\/)/.test(line))
      assert.deepEqual(ours, [])
    })
})

it('coco-ts is packed with its sources, which its maps name, and without its tests', async () => {
  const files = await packedFiles(join(root, 'datasets/coco-ts'))
  for (const wanted of ['LICENSE', 'README.md', 'dist/src/index.js', 'dist/src/index.d.ts'])
    assert.ok(files.includes(wanted), wanted)
  for (const map of files.filter((file) => file.endsWith('.map')))
    assert.ok(files.includes(map.replace(/^dist\//, '').replace(/\.js\.map$/, '.ts')), map)
  assert.deepEqual(
    files.filter((file) => /test|tsbuildinfo/.test(file)),
    [],
  )
})
