import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { fileIn, packageRoot, smallDataset, smallResults, temporaryFolder } from './support.js'

const run = promisify(execFile)

/** The README's TypeScript, none of which uses types. */
const examples = [
  ...readFileSync(join(packageRoot, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```/gms),
].map(([, code]) => code)

describe('the README’s examples', () => {
  const folder = temporaryFolder()
  const results = smallResults()
  fileIn(folder, 'instances_val2017.json', JSON.stringify(smallDataset()))
  fileIn(folder, 'detections.json', JSON.stringify(results))
  fileIn(folder, 'others.json', JSON.stringify(results.slice(1)))
  const entry = new URL('../src/index.js', import.meta.url).href

  it('are found', () => assert.ok(examples.length >= 5))

  for (const [n, code] of examples.entries())
    it(`run: ${code.split('\n').find((line) => !line.startsWith('import') && line !== '')}`, async () => {
      // The second goes on where the first ends.
      const whole = code.startsWith('import') ? code : examples[n - 1] + code
      const file = fileIn(folder, `example-${n}.mjs`, whole.replace(/'coco-ts'/g, JSON.stringify(entry)))
      const { stdout } = await run(process.execPath, [file], { cwd: folder })
      assert.ok(stdout.length > 0)
    })
})
