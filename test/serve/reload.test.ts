/** Models that are exchanged while the server answers, and several versions of one. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import type { RunningServer, ServerOptions } from '../../serve/server.js'
import { until } from '../helpers/search/processes.js'
import { holdWork, workers } from '../helpers/serve/held-worker.js'
import { type Answer, assertWorks, golden, json, post, solid, start } from '../helpers/serve/support.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

let picture: Buffer<ArrayBuffer>
before(async () => {
  picture = Buffer.from(await solid([250, 0, 0]).png().toBuffer())
})

/** As good a model as quadrants.onnx, that calls its first class "top left ref". */
async function otherVersion(path: string): Promise<void> {
  const other = (await readFile(golden('quadrants.onnx'), 'latin1')).replace('top left red', 'top left ref')
  await writeFile(`${path}.new`, other, 'latin1')
  await rename(`${path}.new`, path)
}

async function served(t: TestContext, options: Partial<ServerOptions> = {}) {
  const path = join(await temporaryFolder(t), 'model.onnx')
  await copyFile(golden('quadrants.onnx'), path)
  const server = await start({ models: [path], ...options })
  t.after(() => server.close())
  return { server, path }
}

const firstLabel = async (answer: Promise<Response>) => {
  const response = await answer
  assert.equal(response.status, 200)
  return (await json<Answer>(response)).predictions[0].label
}
const ask = ({ url }: RunningServer, query = '') => post(`${url}/classify${query}`, picture)

describe('reloading', () => {
  it('answers what was accepted with the old model, the rest with the new one, and ends the old one', async (t) => {
    const { server, path } = await served(t)
    const old = workers.at(-1)!
    const work = holdWork(old)
    const accepted = [1, 2, 3].map(() => firstLabel(ask(server)))
    await until('the old model computes', () => work.begun === 1)
    await otherVersion(path)
    const [report] = await server.reload()
    assert.equal(report.outcome, 'replaced')
    assert.match(
      report.message,
      /model\.onnx has changed; quadrants answers with version [0-9a-f]{12} from now on/,
    )
    assert.equal(await firstLabel(ask(server)), 'top left ref')
    const ended = once(old, 'exit')
    work.letGo()
    assert.deepEqual(await Promise.all(accepted), ['top left red', 'top left red', 'top left red'])
    await ended
    assert.ok(server.ready())
  })

  it('loses no request of many', async (t) => {
    const { server, path } = await served(t, { workers: 2, queue: 1000 })
    let stop = false
    let answered = 0
    const client = async () => {
      while (!stop) {
        const label = await firstLabel(ask(server))
        assert.ok(['top left red', 'top left ref'].includes(label), label)
        answered++
      }
    }
    const clients = [1, 2, 3, 4].map(client)
    for (let times = 0; times < 3; times++) {
      const before = answered
      await until('some are answered', () => answered > before + 5)
      if (times % 2 === 0) await otherVersion(path)
      else await copyFile(golden('quadrants.onnx'), path)
      assert.deepEqual(
        (await server.reload()).map(({ outcome }) => outcome),
        ['replaced'],
      )
    }
    stop = true
    await Promise.all(clients)
    assert.equal(await firstLabel(ask(server)), 'top left ref')
  })

  it('keeps the old model where the new file is bad, and says so', async (t) => {
    const entries: Record<string, unknown>[] = []
    const { server, path } = await served(t, { log: (entry) => entries.push(entry) })
    const bad: [name: string, write: () => Promise<unknown>, reason: RegExp][] = [
      ['missing', () => rm(path), /there is no such file/],
      ['no model', () => writeFile(path, 'no model'), /it is not an ONNX file/],
      [
        'another task than its card says',
        () => copyFile(golden('says-detector.onnx'), path),
        /cannot be run: it takes "images" and returns "probabilities"/,
      ],
    ]
    for (const [name, write, reason] of bad) {
      await write()
      const [{ outcome, message, model }] = await server.reload()
      assert.equal(outcome, 'kept', name)
      assert.equal(model, 'quadrants')
      assert.match(message, /^quadrants stays as it is \(version [0-9a-f]{12}\): /)
      assert.match(message, reason)
      const logged = entries.filter(({ event }) => event === 'reload').at(-1)
      assert.deepEqual([logged?.outcome, logged?.message], ['kept', message])
      await assertWorks(server)
    }
    await copyFile(golden('quadrants.onnx'), path)
    assert.equal((await server.reload())[0].outcome, 'unchanged')
  })

  it('follows a file to a model of another name and task', async (t) => {
    const { server, path } = await served(t)
    await copyFile(golden('detector.onnx'), path)
    assert.equal((await server.reload())[0].model, 'detector')
    assert.equal((await ask(server)).status, 404)
    assert.equal((await post(`${server.url}/detect`, picture)).status, 200)
    const { models } = await json<{ models: { name: string }[] }>(await fetch(`${server.url}/models`))
    assert.deepEqual(
      models.map(({ name }) => name),
      ['detector'],
    )
  })
})

describe('versions of a model', () => {
  it('are told apart by the checksums of their files; the one that was given last is the newest', async (t) => {
    const folder = await temporaryFolder(t)
    const newer = join(folder, 'newer.onnx')
    await otherVersion(newer)
    const server = await start({ models: [golden('quadrants.onnx'), newer] })
    t.after(() => server.close())
    const { models } = await json<{ models: { name: string; version: string }[] }>(
      await fetch(`${server.url}/models`),
    )
    assert.deepEqual(
      models.map(({ name }) => name),
      ['quadrants', 'quadrants'],
    )
    const [old, last] = models.map(({ version }) => version)
    assert.equal(await firstLabel(ask(server)), 'top left ref')
    assert.equal(await firstLabel(ask(server, '?model=quadrants')), 'top left ref')
    assert.equal(await firstLabel(ask(server, `?model=quadrants@${last}`)), 'top left ref')
    assert.equal(await firstLabel(ask(server, `?model=quadrants@${old}`)), 'top left red')
    const unknown = await ask(server, '?model=quadrants@0')
    assert.equal(unknown.status, 404)
    assert.match(await unknown.text(), new RegExp(`served here: quadrants@${old}, quadrants\\)`))
  })

  it('are not the same file twice', async (t) => {
    const { server, path } = await served(t)
    await assert.rejects(
      start({ models: [path, golden('quadrants.onnx')] }),
      /hold the same; serve one of them/,
    )
    await server.close()
  })
})
