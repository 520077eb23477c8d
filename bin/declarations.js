/** What the compiler leaves to be done to the declarations in dist/ before dependents can read them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Lets declarations name `@tensorflow/tfjs-core`, which all tensor types come from. `@tensorflow/tfjs` exports the
 * same ones, but its declarations include those of tfjs-layers, which do not compile with `strict` unless
 * `skipLibCheck` is set.
 */
export function nameTensorTypesByCore(folder) {
  for (const path of readdirSync(folder, { recursive: true })) {
    if (!path.endsWith('.d.ts')) continue
    const text = readFileSync(join(folder, path), 'utf8')
    const named = text.replaceAll(/(['"])@tensorflow\/tfjs\1/g, '$1@tensorflow/tfjs-core$1')
    if (named !== text) writeFileSync(join(folder, path), named)
  }
}
