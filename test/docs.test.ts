/** What the documentation refers to is there: links, places inside files, and paths that stand between back-ticks. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { packageRoot } from '../src/shared/package-root.js'
import { headingAnchors, linkedAnchors, namedPaths, relativeLinks } from './helpers/markdown.js'
import { temporaryFolder } from './helpers/temporary-folder.js'

const root = packageRoot()

async function markdownIn(folder: string): Promise<string[]> {
  const names = (await readdir(join(root, folder))).filter((name) => name.endsWith('.md'))
  return names.map((name) => join(folder, name))
}

/** Folders of the repository that a path in the text may begin with. */
const folders = (await readdir(root, { withFileTypes: true }))
  .filter(
    (entry) => entry.isDirectory() && !['node_modules', 'dist', '.git', '.data', 'runs'].includes(entry.name),
  )
  .map((entry) => entry.name)

describe('the documentation', () => {
  it('is found', () => assert.ok(folders.includes('src') && folders.includes('models')))

  for (const folder of ['.', 'docs', 'datasets/coco-ts', '.github'])
    it(`in ${folder} refers to what is there`, async () => {
      const files = await markdownIn(folder)
      assert.ok(files.length > 0)
      for (const file of files) {
        const text = await readFile(join(root, file), 'utf8')
        const beside = (target: string) => join(root, dirname(file), target)
        const missing = [
          ...relativeLinks(text).filter((target) => !existsSync(beside(target))),
          ...namedPaths(text, folders).filter(
            (path) => !existsSync(join(root, path)) && !existsSync(beside(path)),
          ),
        ]
        for (const { target, anchor } of linkedAnchors(text)) {
          const linked = target === '' ? text : await readFile(beside(target), 'utf8').catch(() => '')
          if (!headingAnchors(linked).includes(anchor)) missing.push(`${target}#${anchor}`)
        }
        assert.deepEqual(missing, [], file)
      }
    })
})

it('the drawing of the rooms shows the imports that there are', async (t) => {
  const drawn = join(await temporaryFolder(t), 'architecture.svg')
  await promisify(execFile)(process.execPath, [join(root, 'docs/pictures/draw-architecture.mjs'), drawn])
  const committed = await readFile(join(root, 'docs/pictures/architecture.svg'), 'utf8')
  assert.ok(committed === (await readFile(drawn, 'utf8')), 'run node docs/pictures/draw-architecture.mjs')
})

it('links, places and paths are read from Markdown', () => {
  const text = `# One: \`two\`\n[a](b.md#c) [d](https://e/f) ![g](h/i.png) \`src/j.ts\` \`k\` \`src/{l,m}.ts\`
\`\`\`sh\n[n](o) \`src/p\`\n\`\`\`\n[q](#one-two)`
  assert.deepEqual(relativeLinks(text), ['b.md', 'h/i.png'])
  assert.deepEqual(namedPaths(text, ['src']), ['src/j.ts', 'src/l.ts', 'src/m.ts'])
  assert.deepEqual(headingAnchors(text), ['one-two'])
  assert.deepEqual(linkedAnchors(text), [
    { target: 'b.md', anchor: 'c' },
    { target: '', anchor: 'one-two' },
  ])
})
