/** Uploads as forms: the image, parameters as text fields, and forms that are refused. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Answer,
  assertProblem,
  assertScores,
  corners,
  json,
  loggedServer,
  post,
} from '../helpers/serve/support.js'

const maxBytes = 100_000

describe('forms', () => {
  const suite = loggedServer({ maxBytes })

  const url = (path: string) => suite.server.url + path

  it('takes the file field "image" of a form', async () => {
    const form = new FormData()
    form.set('image', new Blob([suite.picture]), 'p.png')
    const response = await fetch(url('/classify?top=12'), { method: 'POST', body: form })
    assert.equal(response.status, 200)
    assertScores(await json<Answer>(response), corners, 1e-5)
  })

  it('takes parameters as text fields of a form, before or behind the image, as strictly as in the query', async () => {
    const send = (path: string, ...parts: [name: string, value: string][]) => {
      const form = new FormData()
      for (const [name, value] of parts)
        if (name === 'image') form.append(name, new Blob([suite.picture]), 'p.png')
        else form.append(name, value)
      return fetch(url(path), { method: 'POST', body: form })
    }
    for (const parts of [
      [
        ['image', ''],
        ['top', '2'],
      ],
      [
        ['top', '2'],
        ['model', 'quadrants'],
        ['image', ''],
      ],
    ] as [string, string][][]) {
      const response = await send('/classify', ...parts)
      assert.equal(response.status, 200)
      assert.equal((await json<Answer>(response)).predictions.length, 2)
    }
    const refused = (status: number, detail: RegExp, path: string, ...parts: [string, string][]) =>
      send(path, ['image', ''], ...parts).then((response) =>
        assertProblem(suite.server, response, status, detail),
      )
    await refused(400, /from 1 to 12/, '/classify', ['top', '13'])
    await refused(404, /served here: quadrants/, '/classify', ['model', 'nosuch'])
    await refused(400, /field "topp" is unknown/, '/classify', ['topp', '1'])
    await refused(400, /field "__proto__" is unknown/, '/classify', ['__proto__', '1'])
    await refused(400, /"top" is given more than once/, '/classify', ['top', '1'], ['top', '1'])
    await refused(400, /"top" is given more than once/, '/classify?top=1', ['top', '1'])
    await refused(400, /field "top" is too long/, '/classify', ['top', '1'.repeat(2000)])
    await refused(400, /"topp" is unknown/, '/classify?topp=1', ['top', '1'])
    const two = new FormData()
    two.append('image', new Blob([suite.picture]), 'p.png')
    two.append('mask', new Blob([suite.picture]), 'm.png')
    const response = await fetch(url('/classify'), { method: 'POST', body: two })
    await assertProblem(suite.server, response, 400, /file "mask" beside "image"/)
  })

  it('says which fields a form has when "image" is not among them, or is no file, or there are two', async () => {
    const send = (form: FormData) => fetch(url('/classify'), { method: 'POST', body: form })
    const wrong = new FormData()
    wrong.set('photo', new Blob([suite.picture]), 'p.png')
    await assertProblem(
      suite.server,
      await send(wrong),
      400,
      /no file field "image" \(it has: file "photo"\)/,
    )
    const text = new FormData()
    text.set('image', 'photo.png')
    await assertProblem(suite.server, await send(text), 400, /it has: text field "image"/)
    await assertProblem(suite.server, await send(new FormData()), 400, /form/)
    const two = new FormData()
    two.append('image', new Blob([suite.picture]), 'a.png')
    two.append('image', new Blob([suite.picture]), 'b.png')
    await assertProblem(suite.server, await send(two), 400, /2 files/)
    const many = new FormData()
    for (let i = 0; i < 30; i++) many.append(`field${i}`, 'x')
    await assertProblem(suite.server, await send(many), 400, /too many parts/)
    const empty = new FormData()
    empty.set('image', new Blob([]), 'p.png')
    await assertProblem(suite.server, await send(empty), 400, /empty/)
  })

  it('refuses forms that cannot be read', async () => {
    const type = 'multipart/form-data; boundary=cut'
    await assertProblem(
      suite.server,
      await post(url('/classify'), 'no form at all', type),
      400,
      /form cannot be read/,
    )
    await assertProblem(
      suite.server,
      await post(url('/classify'), 'x', 'multipart/form-data'),
      400,
      /form cannot be read/,
    )
    const head = '--cut\r\nContent-Disposition: form-data; name="image"; filename="p.png"\r\n\r\n'
    await assertProblem(
      suite.server,
      await post(url('/classify'), `${head}PNG`, type),
      400,
      /form cannot be read/,
    )
    await assertProblem(
      suite.server,
      await post(url('/classify'), `--cut\r\n\0\0:\r\n\r\n`, type),
      400,
      /form/,
    )
  })
})
