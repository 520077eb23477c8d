/** The Dockerfile: what it copies is there and reaches the build, its images have no root, and the server's lacks no package. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { packageRoot } from '../../src/shared/package-root.js'

const root = packageRoot()
const text = (await readFile(join(root, 'Dockerfile'), 'utf8')).replaceAll(/\\\n/g, ' ')
const stages = text
  .split(/^(?=FROM )/m)
  .filter((stage) => stage.startsWith('FROM '))
  .map((stage) => {
    const [, base, name] = /^FROM (\S+) AS (\S+)$/m.exec(stage)!
    return { base, name, lines: stage.split('\n') }
  })
const images = ['train', 'train-gpu', 'serve']

/** Packages that compiled files import, or files that they import. */
async function packagesOf(entries: string[]): Promise<Set<string>> {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const queue = entries.map((entry) => join(root, 'dist', entry))
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const imports = /(?:^(?:import|export)[^'=;]* from |^import |\bimport\()'([^']+)'/gm
    for (const [, name] of (await readFile(file, 'utf8')).matchAll(imports)) {
      if (name.startsWith('.')) queue.push(join(dirname(file), name))
      else if (!name.startsWith('node:')) packages.add(/^(@[^/]+\/)?[^/]+/.exec(name)![0])
    }
  }
  return packages
}

describe('the Dockerfile', () => {
  it('has three images, of which the server is the one that is built without a target', () => {
    for (const image of images) assert.ok(stages.some(({ name }) => name === image))
    assert.equal(stages.at(-1)!.name, 'serve')
  })

  it('copies what is there, past .dockerignore, and from stages before', async () => {
    const kept = (await readFile(join(root, '.dockerignore'), 'utf8'))
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
    const known: string[] = []
    for (const { name, lines } of stages) {
      for (const line of lines.filter((each) => each.startsWith('COPY '))) {
        const words = line.split(/\s+/).slice(1)
        const [from] = words.flatMap((word) => /^--from=(.+)/.exec(word)?.[1] ?? [])
        if (from !== undefined) assert.ok(known.includes(from), line)
        else
          for (const source of words.slice(0, -1)) {
            assert.ok(existsSync(join(root, source)), line)
            assert.ok(kept.includes(source.split('/')[0]), `${source} is ignored`)
          }
      }
      known.push(name)
    }
  })

  it('runs nothing as root', () => {
    for (const { name, lines } of stages.filter((stage) => images.includes(stage.name)))
      assert.deepEqual(
        lines.filter((line) => line.startsWith('USER ')),
        ['USER 1000:1000'],
        name,
      )
  })

  it('leaves out no package that the server imports', async () => {
    const { lines } = stages.find(({ name }) => name === 'serve-packages')!
    const left = [...lines.join(' ').matchAll(/'?dependencies\.([@\w/-]+)'?/g)].map(([, name]) => name)
    const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    assert.ok(left.length > 5)
    for (const name of left) assert.ok(name in dependencies, `there is no package ${name} to leave out`)
    const needed = await packagesOf(['serve/index.js', 'src/commands/serve.js', 'src/commands/detect.js'])
    assert.ok(needed.has('express') && needed.has('sharp'))
    assert.deepEqual(
      left.filter((name) => needed.has(name)),
      [],
    )
  })
})
