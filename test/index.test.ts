import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { readModelCard } from 'nasnet-toolkit'
import { packageRoot } from '../src/shared/package-root.js'

describe('the package', () => {
  it('trains, measures, exports and serves as the README shows', async (t) => {
    const example = await readFile(join(packageRoot(), 'examples/train-and-serve.ts'), 'utf8')
    const readme = await readFile(join(packageRoot(), 'README.md'), 'utf8')
    assert.ok(
      readme.includes(`\`\`\`ts\n${example}\`\`\``),
      'README.md does not show the example as it stands',
    )

    const folder = await mkdtemp(join(tmpdir(), 'nasnet-toolkit-'))
    t.after(() => rm(folder, { recursive: true }))
    // A few steps instead of 45 seconds, each of them told; in another folder, since it makes one for its run.
    const compiled = await readFile(join(packageRoot(), 'dist/examples/train-and-serve.js'), 'utf8')
    const short = compiled
      .replace("kind: 'seconds', amount: 45", "kind: 'steps', amount: 24")
      .replace('step % 100 === 0', 'true')
    assert.equal(short.length, compiled.length - "'seconds'step % 100 === 0".length + "'steps'true".length)
    const program = `process.chdir(${JSON.stringify(folder)})\n${short}`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: packageRoot(),
    })
    const losses = [...stdout.matchAll(/^step \d+: loss (\S+)$/gm)].map(([, loss]) => Number(loss))
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    assert.equal(losses.length, 24)
    assert.ok(mean(losses.slice(-8)) < mean(losses.slice(0, 8)), `the loss did not fall: ${losses}`)
    assert.match(stdout, /^\d+\.\d % right, where guessing has 10 %$/m)
    const { task, labels } = await readModelCard(join(folder, 'runs/example/model.onnx'))
    assert.equal(task, 'classification')
    assert.equal(labels.length, 10)
    assert.match(stdout, /model\.onnx is served at http:\/\/127\.0\.0\.1:\d+$/m)
  })

  it('searches cells without the command line', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'nasnet-toolkit-'))
    t.after(() => rm(folder, { recursive: true }))
    const script = join(packageRoot(), 'dist/examples/search-cells.js')
    const { stdout } = await promisify(execFile)(process.execPath, [script], { cwd: folder })
    const children = [...stdout.matchAll(/^([123]) of 3: child ([012]) has reward [01]\.\d{3}$/gm)]
    assert.deepEqual(
      children.map(([, count]) => count),
      ['1', '2', '3'],
    )
    assert.equal(new Set(children.map(([, , id]) => id)).size, 3)
    assert.match(stdout, /^the best is child [012]: [01]\.\d{3}, drawn in best\.svg$/m)
    assert.match(await readFile(join(folder, 'best.svg'), 'utf8'), /^<svg /)
  })
})
