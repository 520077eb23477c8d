import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { NASNET_A } from '../../models/index.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

test('draw: a published network, a file, both kinds of pictures, and plain words for what is wrong', async (t) => {
  const cwd = await temporaryFolder(t)
  const draw = (...args: string[]) => toolkit(['draw', ...args], { cwd })
  assert.deepEqual(await draw('nasnet-a'), { code: 0, stdout: 'Wrote nasnet-a.svg\n', stderr: '' })
  const svg = await readFile(join(cwd, 'nasnet-a.svg'), 'utf8')

  await mkdir(join(cwd, 'mine'))
  await writeFile(join(cwd, 'mine/cells.json'), JSON.stringify({ ...NASNET_A, name: 'mine' }))
  assert.equal((await draw('mine/cells.json')).stdout, 'Wrote mine/cells.svg\n')
  assert.equal(await readFile(join(cwd, 'mine/cells.svg'), 'utf8'), svg)

  const big = await draw('mine/cells.json', '--out', 'big.PNG', '--json')
  assert.deepEqual(JSON.parse(big.stdout), { picture: 'big.PNG' })
  const png = await sharp(join(cwd, 'big.PNG')).metadata()
  const { width } = await sharp(Buffer.from(svg)).metadata()
  assert.deepEqual([png.format, png.width], ['png', 2 * width])

  await writeFile(join(cwd, 'text.json'), 'no JSON')
  await writeFile(join(cwd, 'half.json'), JSON.stringify({ name: 'half', normal: NASNET_A.normal }))
  const before = await readdir(cwd)
  for (const [args, message] of [
    [['nasnet-b'], /^Cannot read the architecture nasnet-b: /],
    [['text.json'], /^text\.json is not JSON: /],
    [['half.json'], /^half\.json: the reduction cell is missing, but must be an object [^\n]*\n$/],
    [
      ['nasnet-a', '--out', 'cells.gif'],
      /^cells\.gif ends in neither \.svg nor \.png; choose one of them\n$/,
    ],
    [['nasnet-a', '--out', 'none/cells.svg'], /^Cannot write none\/cells\.svg: it does not exist\n$/],
  ] as [string[], RegExp][]) {
    const { code, stdout, stderr } = await draw(...args)
    assert.deepEqual([code, stdout], [1, ''], args.join(' '))
    assert.match(stderr, message)
  }
  assert.deepEqual(await readdir(cwd), before)
})
