/** What the compiler leaves to be done to the declarations in dist/ before dependents can read them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './root.js'

/**
 * Lets declarations name what every dependent's compiler finds:
 *
 * - `@tensorflow/tfjs-core`, which all tensor types come from. `@tensorflow/tfjs` exports the same ones, but its
 *   declarations include those of tfjs-layers, which do not compile with `strict` unless `skipLibCheck` is set;
 * - coco-ts by its path: older forms of module resolution do not know `#coco-ts`.
 */
export function renameInDeclarations(folder) {
  const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const path of readdirSync(folder, { recursive: true })) {
    if (!path.endsWith('.d.ts')) continue
    const file = join(folder, path)
    const coco = relative(dirname(file), join(root, imports['#coco-ts'].default)).replaceAll('\\', '/')
    const text = readFileSync(file, 'utf8')
    const renamed = text
      .replaceAll(/(['"])@tensorflow\/tfjs\1/g, '$1@tensorflow/tfjs-core$1')
      .replaceAll(/(['"])#coco-ts\1/g, `$1${coco}$1`)
    if (renamed !== text) writeFileSync(file, renamed)
  }
}
