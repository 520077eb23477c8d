import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const { basename, dirname, join } = posix

const root = fileURLToPath(new URL('../..', import.meta.url))
const sources = ['src', 'models', 'datasets', 'serve']
  .flatMap((room) => readdirSync(`${root}/${room}`, { recursive: true }).map((path) => `${room}/${path}`))
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !/\/(node_modules|dist|test)\//.test(path))

/** Folder → folder that it imports from → one of the imports, for the message. */
function importsOfFolders(): Map<string, Map<string, string>> {
  const graph = new Map<string, Map<string, string>>()
  for (const file of sources) {
    const text = readFileSync(`${root}/${file}`, 'utf8')
    for (const [, path] of text.matchAll(/(?:from|import\(?)\s*'(\.{1,2}\/[^']+)\.js'/g)) {
      const target = join(dirname(file), `${path}.ts`)
      const [from, to] = [dirname(file), dirname(target)]
      if (from === to || !sources.includes(target)) continue
      if (!graph.has(from)) graph.set(from, new Map())
      graph.get(from)!.set(to, `${file} imports ${target}`)
    }
  }
  return graph
}

test('no folder imports itself by way of other folders', () => {
  const graph = importsOfFolders()
  assert.ok(graph.size > 20, `only ${graph.size} folders have imports: the sources were not read`)
  const finished = new Set<string>()
  function visit(folder: string, path: string[]): void {
    if (finished.has(folder)) return
    const start = path.indexOf(folder)
    if (start >= 0) {
      const circle = [...path.slice(start), folder]
      const imports = circle.slice(1).map((to, i) => graph.get(circle[i])!.get(to))
      assert.fail(`${circle.join(' → ')}:\n${imports.join('\n')}`)
    }
    for (const to of graph.get(folder)?.keys() ?? []) visit(to, [...path, folder])
    finished.add(folder)
  }
  for (const folder of graph.keys()) visit(folder, [])
})

test('a wing of training imports no other wing, and nothing below the wings imports one', () => {
  const wing = /^src\/train\/(classification|detection|autoencoder)$/
  for (const [folder, imports] of importsOfFolders())
    for (const [to, example] of imports)
      if (folder.startsWith('src/train/') && !folder.startsWith(`${to}/`))
        assert.doesNotMatch(to, wing, example)
})

test('rooms have few loose files', () => {
  for (const [room, most] of [
    ['src/search', 12],
    ['src/train', 26],
  ] as const) {
    const loose = sources.filter((path) => dirname(path) === room).map((path) => basename(path))
    assert.ok(loose.length <= most, `${room} has ${loose.length} loose files, more than ${most}: ${loose}`)
  }
})
