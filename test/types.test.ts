/** Each entry of the package exports every type that its own declarations name, so that a dependent can name it too. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { packageRoot } from '../src/shared/package-root.js'
import { declarationReader } from './helpers/declarations.js'
import { temporaryFolder } from './helpers/temporary-folder.js'

const root = packageRoot()
const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const { exportsOf, namedBy } = declarationReader()

describe('types of the package', () => {
  for (const [entry, target] of Object.entries(exports as Record<string, { types?: string }>)) {
    if (target.types === undefined) continue
    it(`nasnet-toolkit${entry.slice(1)} exports all that it names`, () => {
      const places = exportsOf(join(root, target.types!))
      // An alias of the same name, with a default for a type parameter, names the type as well.
      const aliased = places.flatMap((place) => namedBy(place).filter(({ name }) => name === place.name))
      const keys = new Set([...places, ...aliased].map(({ file, name }) => `${file} ${name}`))
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

describe('reading declarations', () => {
  it('finds the types that a declaration names, and what of them an entry leaves out', async (t) => {
    const folder = await temporaryFolder(t)
    const write = (name: string, text: string) => writeFile(join(folder, name), text)
    await write(
      'index.d.ts',
      "export { type Seen, open as start } from './a.js';\nexport * as b from './b.js';\n",
    )
    await write(
      'a.d.ts',
      `import { type Far as Near, value } from './b.js';
/** Not Commented. */
interface Hidden {
    a: 1;
}
export interface Seen extends Hidden {
    Label: "Quoted";
    Method(it: Near): void;
    of: typeof value;
}
export declare function open<Parameter>(options: Options, it?: Parameter): import("./b.js").Far;
export declare function open(seen: Seen): void;
export type Options = Seen["Label"];
`,
    )
    await write('b.d.ts', 'export interface Far {}\nexport declare const value: number;\n')
    const { exportsOf, namedBy } = declarationReader()
    const exported = exportsOf(join(folder, 'index.d.ts'))
    assert.deepEqual(
      exported.map(({ name }) => name),
      ['Seen', 'open', 'Far', 'value'],
    )
    const [seen, open] = exported
    assert.deepEqual(
      namedBy(seen).map(({ name }) => name),
      ['Hidden', 'Far'],
    )
    assert.deepEqual(
      namedBy(open).map(({ name }) => name),
      ['Far', 'Options', 'Seen'],
    )
  })
})
