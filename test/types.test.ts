/** Each entry of the package exports every type that its own declarations name, so that a dependent can name it too. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { packageRoot } from '../src/shared/package-root.js'
import { declarationReader } from './helpers/declarations.js'

const root = packageRoot()
const { exports, imports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const { exportsOf, namedBy } = declarationReader({ '#coco-ts': join(root, imports['#coco-ts'].types) })

describe('types of the package', () => {
  for (const [entry, target] of Object.entries(exports as Record<string, { types?: string }>)) {
    if (target.types === undefined) continue
    it(`nasnet-toolkit${entry.slice(1)} exports all that it names`, () => {
      const places = exportsOf(join(root, target.types!))
      const keys = new Set(places.map(({ file, name }) => `${file} ${name}`))
      assert.ok(keys.size > 5, `${keys.size} declarations were found`)
      const missing = places.flatMap((place) =>
        namedBy(place)
          .filter(({ file, name }) => !keys.has(`${file} ${name}`))
          .map(({ file, name }) => `${name} (${relative(root, file)}), which ${place.name} names`),
      )
      assert.deepEqual([...new Set(missing)].sort(), [])
    })
  }
})
