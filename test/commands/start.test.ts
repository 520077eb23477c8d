import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import sharp from 'sharp'
import { serverDefaults } from '../../serve/index.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

test('start trains, measures, serves and answers itself, on another port where the usual one is taken', async (t) => {
  const cwd = await temporaryFolder(t)
  const squatter = createServer().listen(serverDefaults.port, serverDefaults.host)
  // Taken by this test or, should that fail, by whoever has it.
  await Promise.race([once(squatter, 'listening'), once(squatter, 'error')])
  t.after(() => squatter.close())

  const { code, stdout, stderr } = await toolkit(['start', '--seconds', '2', '--once'], { cwd })
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^epoch 0\.0 · step 1 · /m)
  assert.match(stdout, /On \d+ images by an artist it never saw: [\d.]+ % correct \(by chance: 10\.0 %\)/)

  const [, image, url] = /^ {2}curl -F image=@'(.+)' '(.+)\/classify\?top=3'$/m.exec(stdout)!
  assert.notEqual(new URL(url).port, String(serverDefaults.port))
  assert.deepEqual(
    (({ width, height, format }) => ({ width, height, format }))(await sharp(image).metadata()),
    { width: 32, height: 32, format: 'png' },
  )
  const answer = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
  assert.equal(answer.predictions.length, 3)
  await assert.rejects(fetch(url), 'the server is closed at the end')
})
