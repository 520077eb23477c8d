/** The server prepares an image as the classifier's card says, upright and without its colour profile where that says so. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import sharp from 'sharp'
import { classify } from '../../serve/classify.js'
import { decodeImage } from '../../serve/image.js'
import { fitClassifierImage, PREPROCESSINGS } from '../../src/shared/classifier-input.js'
import { quadrantImage, quadrantPixels } from '../helpers/serve/support.js'

const [width, height] = [40, 22]
const input = { width: 9, height: 12 }
const decode = (bytes: Uint8Array, resize: (typeof PREPROCESSINGS)[number]) =>
  decodeImage(bytes, { size: [input.height, input.width], resize, maxPixels: 1e6 })
const upright = () => sharp(quadrantPixels(width, height), { raw: { width, height, channels: 3 } })

for (const preprocessing of PREPROCESSINGS)
  it(`${preprocessing}: a picture that is stored lying`, async () => {
    // Orientation 6: the stored picture has to be turned to the right.
    const lying = await upright().rotate(270).png().toBuffer()
    const bytes = await sharp(lying).withMetadata({ orientation: 6 }).png().toBuffer()
    const decoded = await decode(bytes, preprocessing)
    assert.deepEqual([decoded.width, decoded.height], [width, height])
    const expected = await fitClassifierImage(upright(), preprocessing, { width, height }, input)
    // sharp scales before it turns, where it scales itself.
    const tolerance = preprocessing === 'cover' ? 3 : 0
    for (const [i, value] of expected.entries()) assert.ok(Math.abs(decoded.pixels[i] - value) <= tolerance)
  })

it('colour profiles count where the whole picture is covered, and are ignored as TF-Slim and timm do', async () => {
  const plain = await quadrantImage(width, height).png().toBuffer()
  const wide = await quadrantImage(width, height).withIccProfile('p3').png().toBuffer()
  const stored = await sharp(wide, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true })
  assert.notDeepEqual(stored.data, quadrantPixels(width, height))
  for (const preprocessing of ['slim', 'timm'] as const) {
    const { pixels } = await decode(wide, preprocessing)
    const raw = sharp(stored.data, { raw: { width, height, channels: 3 } })
    assert.deepEqual(
      new Uint8Array(pixels),
      new Uint8Array(await fitClassifierImage(raw, preprocessing, { width, height }, input)),
    )
  }
  const [covered, original] = [await decode(wide, 'cover'), await decode(plain, 'cover')]
  for (const [i, value] of covered.pixels.entries()) assert.ok(Math.abs(value - original.pixels[i]) <= 3)
})

it('the card decides; without a word in it, the picture covers the input', () => {
  const card = {
    task: 'classification' as const,
    name: 'a',
    labels: ['b'],
    inputSize: [9, 9] as [number, number],
    about: {},
  }
  assert.equal(classify.resize(card), 'cover')
  assert.equal(classify.resize({ ...card, preprocessing: 'timm' }), 'timm')
})
