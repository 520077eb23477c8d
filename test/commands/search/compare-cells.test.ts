import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { NASNET_A } from '../../../models/index.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('a cell of one’s own, a published and a random one are trained alike at one cost, and ranked', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'), 48)
  const path = (input: number, operation: string) => ({ input, operation })
  const cell = { blocks: [{ left: path(0, 'conv_3x3'), right: path(1, 'identity'), combine: 'add' }] }
  const mine = { name: 'mine', normal: cell, reduction: cell }
  await writeFile(join(cwd, 'mine.json'), JSON.stringify(mine))
  const compare = (args: string[]) =>
    toolkit(['compare-cells', ...args, '--random', '1', '--data', 'images'], { cwd })

  const small = ['--filters', '4', '--image-size', '8', '--epochs', '1', '--validation-images', '16']
  const { code, stdout, stderr } = await compare(['nasnet-a', 'mine.json', ...small, '--json'])
  assert.equal(code, 0, stderr)
  const rows = JSON.parse(stdout) as {
    name: string
    filters: number
    multiplyAdds: number
    mean: number
    accuracies: number[]
  }[]
  assert.deepEqual(rows.map(({ name }) => name).sort(), ['mine', NASNET_A.name, 'random-1'])
  const nasnet = rows.find(({ name }) => name === NASNET_A.name)!
  assert.equal(nasnet.filters, 4)
  for (const [rank, { mean, accuracies, multiplyAdds }] of rows.entries()) {
    assert.deepEqual(accuracies, [mean])
    assert.ok(rank === 0 || mean <= rows[rank - 1].mean)
    assert.ok(Math.abs(multiplyAdds / nasnet.multiplyAdds - 1) < 0.15, `${multiplyAdds}`)
  }
  for (const { name } of rows) assert.match(stderr, new RegExp(`of 3: ${name} `))

  const missing = await compare(['nobody.json'])
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /^Cannot read the architecture nobody\.json: [^\n]*\n$/)
})
