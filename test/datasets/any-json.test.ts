/** Whatever JSON stands in an annotation file: it is read and described, or refused in a sentence. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { CocoError } from '#coco-ts'
import { loadCocoSet } from '../../datasets/detection/coco-set.js'
import { DatasetError } from '../../datasets/files/errors.js'
import { inspectCommand } from '../../src/commands/datasets/inspect.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const good = {
  info: { year: 2024 },
  images: [
    { id: 1, width: 64, height: 48, file_name: '1.png' },
    { id: 2, width: 64, height: 48, file_name: '2.png' },
  ],
  categories: [
    { id: 1, name: 'cat', supercategory: 'animal', keypoints: ['a', 'b'], skeleton: [[1, 2]] },
    { id: 2, name: 'dog', supercategory: 'animal' },
  ],
  annotations: [
    {
      ...{ id: 1, image_id: 1, category_id: 1, bbox: [8, 8, 20, 20], area: 400, iscrowd: 0 },
      ...{ segmentation: [[8, 8, 28, 8, 28, 28]], keypoints: [9, 9, 2, 20, 20, 2], num_keypoints: 2 },
    },
    {
      ...{ id: 2, image_id: 2, category_id: 2, bbox: [0, 0, 64, 48], area: 3072, iscrowd: 1 },
      segmentation: { size: [48, 64], counts: [0, 3072] },
    },
    { id: 3, image_id: 2, category_id: 2, bbox: [30, 8, 20, 20], area: 400, score: 0.5, caption: 'a dog' },
  ],
}

/** Every place in a value, as the keys that lead there. */
function placesIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([key, part]) => placesIn(part).map((rest) => [key, ...rest]))]
}

const places = placesIn(good).filter((place) => place.length > 0)

/** What tools, and mistakes, leave in the place of a value; undefined: nothing. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    [],
    [[]],
    {},
    '',
    '0',
    '1',
    'true',
    ' ',
    '1.5',
    '01',
    'a\nb\u0000<&>',
  ),
  fc.constantFrom<unknown>(0, -1, 0.5, 1e300, 2 ** 53, -0, 2 ** 31, true, false, 'x'.repeat(300)),
  fc.constantFrom<unknown>(
    [[1, 2, 3, 4]],
    [1, 2, 3],
    { size: [48, 64], counts: 'i0' },
    [[[]]],
    ['1', '2', '3', '4'],
  ),
  fc.jsonValue(),
)

function changed(changes: readonly [number, unknown][]): unknown {
  const copy = structuredClone(good) as Record<string, unknown>
  for (const [number, value] of changes) {
    const place = places[number % places.length]
    let owner: unknown = copy
    for (const key of place.slice(0, -1)) owner = (owner as Record<string, unknown> | undefined)?.[key]
    if (typeof owner !== 'object' || owner === null) continue
    const key = place.at(-1)!
    if (value === undefined) delete (owner as Record<string, unknown>)[key]
    else
      Object.defineProperty(owner, key, {
        value: structuredClone(value),
        enumerable: true,
        configurable: true,
        writable: true,
      })
  }
  return copy
}

/** What the command prints. */
async function inspect(t: TestContext, ...args: string[]): Promise<string> {
  const log = t.mock.method(console, 'log', () => {})
  const progress = t.mock.method(process.stderr, 'write', () => true)
  try {
    await inspectCommand().parseAsync(args, { from: 'user' })
  } finally {
    log.mock.restore()
    progress.mock.restore()
  }
  return log.mock.calls.map((call) => `${call.arguments[0]}\n`).join('')
}

const isOwn = (error: unknown): boolean => error instanceof CocoError || error instanceof DatasetError

test('any JSON is described, drawn and loaded, or refused in a sentence', async (t) => {
  const folder = await temporaryFolder(t)
  const images = join(folder, 'images')
  const path = join(folder, 'any.json')
  await mkdir(images)
  const grey = sharp({ create: { width: 64, height: 48, channels: 3, background: '#808080' } })
  for (const { file_name } of good.images) await grey.clone().png().toFile(join(images, file_name))

  let [described, loaded] = [0, 0]
  const check = async (content: unknown): Promise<void> => {
    await writeFile(path, JSON.stringify(content) ?? '')
    try {
      const { problems, completed, objects } = JSON.parse(
        await inspect(t, path, '--images', images, '--json'),
      )
      assert.ok(objects.count >= 0 && problems.count >= 0 && completed.count >= 0)
      const text = await inspect(
        t,
        path,
        '--draw',
        join(folder, 'sheet.png'),
        '--images',
        images,
        '--count',
        '2',
      )
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal must not be given
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]/)
      described++
    } catch (error) {
      assert.ok(isOwn(error), (error as Error).stack)
      assert.doesNotMatch((error as Error).message, /\n/)
    }
    try {
      const { set } = await loadCocoSet({ images, annotations: path })
      for (const { boxes, labels, crowd, width, height } of set.images) {
        assert.deepEqual([boxes.length, crowd.length], [4 * labels.length, labels.length])
        assert.ok(labels.every((label) => label >= 0 && label < set.categories.length))
        assert.ok(boxes.every((value, i) => value >= 0 && value <= (i % 2 === 0 ? width : height)))
      }
      assert.ok(set.categories.every(({ id, name }) => Number.isSafeInteger(id) && name.trim() !== ''))
      loaded++
    } catch (error) {
      assert.ok(isOwn(error), (error as Error).stack)
      assert.doesNotMatch((error as Error).message, /\n/)
    }
  }
  const change = fc.tuple(fc.nat(), odd)
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => check(changed(changes))),
    { numRuns: 250 },
  )
  assert.ok(described > 100 && loaded > 50, `${described} were described, ${loaded} loaded`)
  await fc.assert(fc.asyncProperty(fc.jsonValue(), check), { numRuns: 50 })
})

test('a file of very many categories is described', async (t) => {
  const path = join(await temporaryFolder(t), 'many.json')
  const categories = Array.from({ length: 200_000 }, (_, i) => ({ id: i, name: `c${i}` }))
  await writeFile(path, JSON.stringify({ ...good, categories }))
  assert.equal(JSON.parse(await inspect(t, path, '--json')).categories.length, 200_000)
  assert.match(await inspect(t, path), /^categories +200000$/m)
})
