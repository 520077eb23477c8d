import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { serverDefaults } from '../../../serve/index.js'
import { fails, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** Resolves with what the stream has written once that matches. */
function written(
  child: ChildProcess,
  stream: 'stdout' | 'stderr',
  pattern: RegExp,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = ''
    child[stream]!.on('data', (part) => {
      text += part
      const match = pattern.exec(text)
      if (match !== null) resolve(match)
    })
    child.once('close', () => reject(new Error(`${stream} never matched ${pattern}:\n${text}`)))
  })
}

test('start shows the chain from its first moment, can be stopped in mid-stage, and goes on to two served models', async (t) => {
  const cwd = await temporaryFolder(t)
  const squatter = createServer().listen(serverDefaults.port, serverDefaults.host)
  // Taken by this test or, should that fail, by whoever has it.
  await Promise.race([once(squatter, 'listening'), once(squatter, 'error')])
  t.after(() => squatter.close())

  let asked: Promise<Response[]> | undefined
  const first = await toolkit(['start', '--seconds', '2'], {
    cwd,
    onStart: (child) => {
      asked = written(child, 'stdout', /^Watch it at (.+)\/chain$/m).then(([, url]) => {
        assert.notEqual(new URL(url).port, String(serverDefaults.port))
        return Promise.all([fetch(`${url}/chain`), fetch(`${url}/detect`, { method: 'POST', body: 'x' })])
      })
      written(child, 'stderr', /^classifier …$/m).then(
        () => child.kill('SIGINT'),
        () => {},
      )
    },
  })
  const [page, refused] = await asked!
  assert.match(await page.text(), /1\. Search cells/)
  assert.deepEqual([refused.status, refused.headers.has('retry-after')], [503, true])
  assert.equal(first.code, 130, first.stderr)
  assert.match(first.stderr, /^Stopped\. Go on with: npx toolkit start --out runs\/start$/m)
  assert.match(first.stdout, /^search: Of \d+ child(ren)?, number \d+ has the best cells/m)

  const second = await toolkit(['start', '--once', '--json'], { cwd })
  assert.equal(second.code, 0, second.stderr)
  assert.doesNotMatch(second.stderr, /^search …$/m, 'the search is not run again')
  const result = JSON.parse(second.stdout)
  assert.equal(result.folder, 'runs/start')
  assert.equal(result.seconds, 2)
  assert.ok(result.search.tried >= 1)
  assert.ok(result.classifier.top1 >= 0 && result.classifier.top1 <= 1)
  assert.ok(result.detector.ap50 >= 0 && result.detector.ap50 <= 1)
  assert.equal(result.answers.classify.predictions.length, 3)
  assert.deepEqual([result.answers.detect.width, result.answers.detect.height], [448, 448])
  for (const { model } of [result.classifier, result.detector])
    assert.ok((await readFile(join(cwd, 'runs/start', model))).length > 1000)
  const { width, format } = await sharp(join(cwd, 'runs/start/example.png')).metadata()
  assert.deepEqual([width, format], [32, 'png'])
  await assert.rejects(fetch(result.url), 'the server is closed at the end')

  const third = await toolkit(['start', '--once'], { cwd })
  assert.equal(third.code, 0, third.stderr)
  assert.equal(third.stderr, '', 'nothing is left to do')
  assert.match(
    third.stdout,
    /On \d+ images by an artist it never saw: [\d.]+ % correct \(by chance: 10\.0 %\)/,
  )
  assert.match(third.stdout, /On \d+ scenes with objects by an artist it never saw: AP50 [\d.]+, AP [\d.]+/)
  assert.match(third.stdout, /^ {2}curl -F image=@'.+example\.png' '.+\/classify\?top=3'$/m)
  assert.match(third.stdout, /^ {2}curl -F image=@'.+scenes\/1\.jpg' '.+\/detect\?minScore=0\.3'$/m)
})

test('start says which stage failed and why, and how to go on', async (t) => {
  const cwd = await temporaryFolder(t)
  const place = join(cwd, 'runs/start')
  await mkdir(place, { recursive: true })
  // A search that is said to be done, and has left no cells.
  const stage = (result: object | null) => ({ seconds: 1, result })
  const search = stage({ tried: 1, best: 0, accuracy: 0.1 })
  const record = { seconds: 2, stages: { search, classifier: stage(null), detector: stage(null) } }
  await writeFile(join(place, 'chain.json'), JSON.stringify(record))
  const outcome = await toolkit(['start', '--once'], { cwd })
  fails(outcome, /^The classifier failed: .*genotype\.json is missing, the best cells of the search/m)
  assert.match(outcome.stderr, /^Go on with: npx toolkit start --out runs\/start$/m)
})

test('start names flags that do not fit together', async (t) => {
  const cwd = await temporaryFolder(t)
  fails(
    await toolkit(['start', '--quick', '--seconds', '5'], { cwd }),
    /^--quick is --seconds 150: leave out one/,
  )
  fails(await toolkit(['start', '--fresh', '--out', 'here'], { cwd }), /^--fresh chooses a new folder/)
})
