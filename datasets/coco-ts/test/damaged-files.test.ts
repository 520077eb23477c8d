import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { COCO } from '../src/index.js'
import { fileIn, refused, smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()

const fileWith = (name: string, content: string | Uint8Array) => fileIn(folder, name, content)

describe('files that are not whole JSON', () => {
  const text = JSON.stringify(smallDataset())

  it('not JSON', async () => {
    const path = fileWith('page.json', '<html>404</html>')
    await refused(
      () => COCO.load(path),
      /page\.json: not valid JSON at byte 0: expected "\{" or "\[", found "<"/,
    )
    const inside = fileWith('inside.json', text.replace('"id":12', '"id":twelve'))
    await refused(() => COCO.load(inside), /inside\.json: not valid JSON at byte \d+, in annotations\[1\]/)
  })

  it('cut in half, wherever', async () => {
    for (let length = 1; length < text.length - 1; length += 7) {
      const path = fileWith('half.json', text.slice(0, length))
      await refused(
        () => COCO.load(path, { lenient: true }),
        /half\.json: the text ends too early \(at byte \d+/,
        /cut short/,
      )
    }
    const path = fileWith('half.json', text.slice(0, text.indexOf('"id":12') + 9))
    await refused(() => COCO.load(path), /in annotations\[1\]/)
  })

  it('0 bytes', async () => {
    await refused(() => COCO.load(fileWith('empty.json', '')), /empty\.json: the file is empty \(0 bytes\)/)
    await refused(() => COCO.load(fileWith('empty.json.gz', gzipSync(''))), /the file is empty/)
    await refused(() => COCO.load(Readable.from([Buffer.alloc(0)])), /the input: the file is empty/)
  })

  it('damaged gzip', async () => {
    const packed = gzipSync(text)
    await refused(
      () => COCO.load(fileWith('cut.json.gz', packed.subarray(0, 100))),
      /cut\.json\.gz: .*cut short/,
    )
    await refused(() => COCO.load(fileWith('plain.json.gz', text)), /plain\.json\.gz: .*no gzip/)
  })

  it('no file, a folder, a stream of text', async () => {
    await refused(() => COCO.load(join(folder, 'none.json')), /none\.json: there is no such file/)
    await refused(() => COCO.load(join(folder, 'none.json.gz')), /none\.json\.gz: there is no such file/)
    mkdirSync(join(folder, 'dir.json'))
    await refused(() => COCO.load(join(folder, 'dir.json')), /dir\.json: this is a folder/)
    await refused(() => COCO.load(Readable.from(['{}']) as never), /must give bytes/)
  })

  it('results for annotations, and the other way round', async () => {
    const results = fileWith('results.json', JSON.stringify(smallResults()))
    const annotations = fileWith('annotations.json', text)
    const coco = await COCO.load(annotations)
    await refused(() => COCO.load(results), /results\.json: this is a list.*Is it a results file\?/)
    await refused(
      () => coco.loadRes(annotations),
      /annotations\.json: this is an object.*Is it an annotation file\?/,
    )
  })
})
