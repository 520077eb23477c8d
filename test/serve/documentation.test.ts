/** What docs/serving.md tells to type works: its curl lines, its program, and its configuration. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { RunningServer } from '../../serve/server.js'
import { packageRoot } from '../../src/shared/package-root.js'
import { golden, quadrantImage, start } from '../helpers/serve/support.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const run = promisify(execFile)
const text = await readFile(join(packageRoot(), 'docs/serving.md'), 'utf8')
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block]) => block)

describe('docs/serving.md', () => {
  let server: RunningServer
  const address = 'http://127.0.0.1:8080'
  before(async () => {
    server = await start({ models: ['quadrants.onnx', 'detector.onnx'].map(golden) })
  })
  after(() => server.close())

  async function photographs(folder: string): Promise<void> {
    for (const name of ['photo', 'a', 'b'])
      await writeFile(join(folder, `${name}.jpg`), await quadrantImage(48, 32).jpeg().toBuffer())
    await writeFile(join(folder, 'keys.txt'), 'a-key-of-enough-letters\n')
  }

  it('has curl lines that are answered', async (t) => {
    const folder = await temporaryFolder(t)
    await photographs(folder)
    const lines = blocks('sh')
      .flatMap((block) => block.split('\n'))
      .filter((line) => line.startsWith('curl '))
    assert.ok(lines.length >= 5)
    for (const line of lines) {
      const command = line.replace(address, server.url).replace(/^curl /, 'curl -sS --fail-with-body ')
      const { stdout } = await run('sh', ['-c', command], { cwd: folder })
      assert.ok(typeof JSON.parse(stdout).model === 'string', line)
    }
  })

  it('has a program that runs', async (t) => {
    const folder = await temporaryFolder(t)
    await photographs(folder)
    const [program] = blocks('ts')
    const moved = `process.chdir(${JSON.stringify(folder)})\n${program.replace(address, server.url)}`
    // The package finds itself by its name from its own root.
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', moved], {
      cwd: packageRoot(),
    })
    assert.match(stdout, /^(top|bottom) (left|right) \w+\n\[ \d+, \d+ \]\n$/)
  })
})
