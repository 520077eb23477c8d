import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import sharp from 'sharp'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

describe('toolkit datasets preview', () => {
  it('draws a folder of images, and says which it could not read', async (t) => {
    const folder = await temporaryFolder(t)
    for (const [kind, background] of [
      ['red', '#ff0000'],
      ['blue', '#0000ff'],
    ]) {
      mkdirSync(join(folder, 'train', kind), { recursive: true })
      await sharp({ create: { width: 30, height: 20, channels: 3, background } }).toFile(
        join(folder, 'train', kind, '1.png'),
      )
    }
    mkdirSync(join(folder, 'train', 'red', '2.png'))
    const out = join(folder, 'sheet.png')
    const { code, stdout, stderr } = await toolkit([
      'datasets',
      'preview',
      folder,
      '--out',
      out,
      '--columns',
      '3',
    ])
    assert.equal(code, 0, stderr)
    assert.equal(stdout, `Drawn: ${out}\n`)
    assert.match(stderr, /2\.png cannot be read/)
    const { dominant } = await sharp(
      await sharp(out).extract({ left: 60, top: 30, width: 60, height: 60 }).toBuffer(),
    ).stats()
    assert.ok(dominant.b > 200 && dominant.r < 50, 'blue comes first by name')
    const json = JSON.parse((await toolkit(['datasets', 'preview', folder, '--out', out, '--json'])).stdout)
    assert.deepEqual([json.picture, json.classes, json.drawn], [out, 2, 2])
    assert.match(json.warnings.join('\n'), /2\.png cannot be read/)
    const unknown = await toolkit(['datasets', 'preview', 'nothing', '--out', out])
    assert.deepEqual([unknown.code, unknown.stdout], [1, ''])
    assert.match(unknown.stderr, /^There is no data set "nothing"/)
  })
})
