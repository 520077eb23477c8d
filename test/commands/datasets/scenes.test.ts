import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

describe('toolkit datasets scenes', () => {
  it('writes a data set that inspect finds whole', async (t) => {
    const out = join(await temporaryFolder(t), 'scenes')
    const write = (folder: string, ...more: string[]) =>
      toolkit([
        ...['datasets', 'scenes', '--out', folder, '--train', '5', '--test', '2', '--size', '64', ...more],
      ])
    const written = await write(out)
    assert.equal(written.code, 0, written.stderr)
    assert.match(written.stdout, /^5 training and 2 test scenes are in .*scenes\.\nLook at them: /)
    assert.match(written.stderr, /scenes {2}7 of 7 {2}100 %\n$/)
    const inspected = await toolkit([
      ...[
        'datasets',
        'inspect',
        join(out, 'annotations', 'train.json'),
        '--images',
        join(out, 'train'),
        '--json',
      ],
    ])
    const { images, problems, imageFiles } = JSON.parse(inspected.stdout)
    assert.deepEqual([images.count, problems.count, imageFiles], [5, 0, []])
    const more = join(out, 'more')
    const json = await write(more, '--json')
    assert.deepEqual(JSON.parse(json.stdout), {
      ...{ folder: more, train: 5, test: 2 },
      annotations: {
        train: join(more, 'annotations', 'train.json'),
        test: join(more, 'annotations', 'test.json'),
      },
    })
    const again = await write(out)
    assert.deepEqual([again.code, again.stdout], [1, ''])
    assert.match(again.stderr, /^".*scenes" is not empty; choose a new folder/)
    const wrong = await toolkit(['datasets', 'scenes', '--out', out, '--size', '10'])
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /^--size is "10", but must be a whole number from 64 to 1024\n/)
  })
})
