/** Several models in one server: which of them answers a request. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { categories, scene, threeThings, VIEW } from '../helpers/serve/scenes.js'
import { type Answer, golden, json, post, quadrantImage, start } from '../helpers/serve/support.js'

const [viewHeight, viewWidth] = VIEW

describe('which model answers', () => {
  const asked = async (models: string[], paths: string[]) => {
    const server = await start({ models: models.map(golden) })
    const picture = await scene(viewWidth, viewHeight, threeThings).png().toBuffer()
    try {
      const answers: string[] = []
      for (const path of paths) {
        const response = await post(server.url + path, picture)
        const body = await json<{ detail: string; model: string }>(response)
        answers.push(`${response.status} ${response.ok ? body.model : body.detail}`)
      }
      return answers
    } finally {
      await server.close()
    }
  }

  it('needs no name where there is one for the task', async () => {
    assert.deepEqual(await asked(['quadrants.onnx', 'detector.onnx'], ['/detect', '/classify']), [
      '200 detector',
      '200 quadrants',
    ])
  })

  it('must be said where there are several, and be for the task', async () => {
    const models = ['detector.onnx', 'stretching.onnx', 'quadrants.onnx']
    const paths = ['/detect', '/detect?model=stretching', '/detect?model=quadrants', '/detect?model=none']
    assert.deepEqual(await asked(models, [...paths, '/classify?model=detector']), [
      '400 Several detectors are served; choose one with "?model=NAME" (served here: detector, stretching).',
      '200 stretching',
      '400 The model "quadrants" is a classifier; ask it at /classify, or choose a detector (served here: detector, stretching).',
      '404 There is no detector "none" (served here: detector, stretching).',
      '400 The model "detector" is a detector; ask it at /detect, or choose a classifier (served here: quadrants).',
    ])
  })

  it('cannot be one that is not there', async () => {
    assert.deepEqual(
      await asked(['quadrants.onnx'], ['/detect', '/detect?model=quadrants', '/detect?model=x']),
      [
        '404 No detector is served here; there is quadrants at /classify.',
        '400 The model "quadrants" is a classifier; ask it at /classify.',
        '404 There is no detector "x" (served here: none).',
      ],
    )
    assert.deepEqual(await asked(['detector.onnx'], ['/classify?model=detector', '/classify']), [
      '400 The model "detector" is a detector; ask it at /detect.',
      '404 No classifier is served here; there is detector at /detect.',
    ])
  })

  it('is listed with its path and what it finds', async () => {
    const server = await start({ models: ['quadrants.onnx', 'detector.onnx'].map(golden) })
    try {
      const { models } = await json<{ models: Record<string, unknown>[] }>(
        await fetch(`${server.url}/models`),
      )
      assert.deepEqual(
        models.map(({ name, path }) => [name, path]),
        [
          ['quadrants', '/classify'],
          ['detector', '/detect'],
        ],
      )
      const { task, labels, categoryIds, resize, inputSize } = models[1]
      assert.deepEqual(
        { task, labels, categoryIds, resize, inputSize },
        {
          task: 'detection',
          labels: categories.map(({ label }) => label),
          categoryIds: categories.map(({ id }) => id),
          resize: 'letterbox',
          inputSize: VIEW,
        },
      )
    } finally {
      await server.close()
    }
  })
})

describe('several models', () => {
  it('are chosen by name', async () => {
    const server = await start({ models: [golden('quadrants.onnx'), golden('slow.onnx')] })
    try {
      const picture = await quadrantImage(8, 8, [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
        [9, 9, 9],
      ])
        .png()
        .toBuffer()
      const answer = await json<Answer>(await post(`${server.url}/classify?model=slow`, picture))
      assert.equal(answer.model, 'slow')
      assert.ok(Math.abs(answer.predictions[0].score - 1 / (1 + Math.exp(-1))) < 1e-6)
      const unnamed = await post(`${server.url}/classify`, picture)
      assert.equal(unnamed.status, 400)
      assert.match((await json<{ detail: string }>(unnamed)).detail, /served here: quadrants, slow/)
    } finally {
      await server.close()
    }
  })
})
