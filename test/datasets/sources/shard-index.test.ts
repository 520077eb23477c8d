import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { nameAt } from '../../../datasets/sources/packed-names.js'
import { indexShard } from '../../../datasets/sources/shard-index.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { sample } from '../../helpers/datasets/shards.js'
import { type Entry, writeTar } from '../../helpers/datasets/tar-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const golden = join(packageRoot(), 'test/datasets/golden')

async function index(t: TestContext, content: Buffer | Entry[]) {
  const path = join(await temporaryFolder(t), 'train-0.tar')
  await writeFile(path, Buffer.isBuffer(content) ? content : writeTar(content))
  const { parts, notes } = await indexShard(path)
  const [{ images }] = parts
  const found = Array.from(images.labels, (label, i) => ({ name: nameAt(images.names, i), label }))
  return { path, images, found, notes }
}

test('images are found where Python finds them, in shards of webdataset and of tarfile with long and odd names', async () => {
  const shards: Record<string, [name: string, offset: number, bytes: number][]> = JSON.parse(
    readFileSync(join(golden, 'shards.json'), 'utf8'),
  )
  for (const [name, members] of Object.entries(shards)) {
    const { parts } = await indexShard(join(golden, name))
    const [{ images }] = parts
    const found = Array.from(images.offsets, (offset, i) => [
      nameAt(images.names, i),
      offset,
      images.bytes[i],
    ])
    assert.deepEqual(
      found,
      members.filter(([member]) => /\.jpg$/i.test(member)),
      name,
    )
    assert.deepEqual([...images.labels], [0, 1, 2], name)
  }
})

test('a sample is what has one name up to the first dot; system files, links and other members are passed over', async (t) => {
  const { found, notes } = await index(t, [
    { name: './', type: '5' },
    { name: 'v1.0/', type: '5' },
    ...sample('./v1.0/a b', 3, 'JPEG'),
    { name: 'v1.0/._a b.jpg', content: 'fork' },
    { name: '.DS_Store', content: 'x' },
    { name: '__MACOSX/a.jpg', content: 'x' },
    { name: '__info__.json', content: 'x' },
    { name: 'link.jpg', type: '2' },
    { name: 'hard.jpg', type: '1' },
    { name: 'device.jpg', type: '3' },
    { name: 'README', content: 'no dot' },
    ...sample('../up', 1, 'png'),
    { name: '../up.mask.png', content: 'another field of the sample' },
    { name: 'text.txt', content: '5' },
    { name: 'text.json', content: '{}' },
  ])
  assert.deepEqual(found, [
    { name: './v1.0/a b.JPEG', label: 3 },
    { name: '../up.png', label: 1 },
  ])
  assert.equal(notes.length, 1)
  assert.match(notes[0], /^1 sample of .*train-0\.tar without an image is left out: text\.txt\.$/)
})

test('labels are read from .cls before .cls.txt, JSON and text, wherever they lie, and captions are none', async (t) => {
  const { found } = await index(t, [
    { name: 'a.txt', content: '9' },
    { name: 'a.json', content: '{"label": 8}' },
    { name: 'a.jpg', content: 'x' },
    { name: 'a.cls', content: ' 1\n' },
    { name: 'b.json', content: '{"key": "b", "class_id": 2}' },
    { name: 'b.jpg', content: 'x' },
    { name: 'b.txt', content: 'a photograph of 3 cats' },
    { name: 'c.cls', content: '3' },
    { name: 'd.jpg', content: 'x' },
    { name: 'd.txt', content: '4' },
    { name: 'c.jpg', content: 'x' },
    { name: 'c.json', content: 'not read' },
    { name: 'e.jpg', content: 'x' },
    { name: 'e.cls.txt', content: '5' },
  ])
  assert.deepEqual(
    found.map(({ name, label }) => `${name} ${label}`),
    ['a.jpg 1', 'b.jpg 2', 'd.jpg 4', 'c.jpg 3', 'e.jpg 5'],
  )
})

test('a shard that is cut short or damaged is refused, with the member', async (t) => {
  const whole = writeTar([...sample('a', 0), ...sample('b', 1)])
  const refused = async (content: Buffer, words: RegExp) => {
    await assert.rejects(index(t, content), (error: Error) => {
      assert.equal(error.name, 'DatasetError')
      assert.match(error.message, words)
      return true
    })
  }
  const damaged = Buffer.from(whole)
  damaged[2 * 1024 + 5] ^= 1
  await refused(
    damaged,
    /^\/.*train-0\.tar is damaged at byte 2,048, behind its member "a\.cls": the checksum of a header/,
  )
  await refused(
    whole.subarray(0, 2 * 1024 + 515),
    /train-0\.tar ends early, behind its member "a\.cls": its member "b\.jpg" has 7 bytes, of which 3 are there/,
  )
  await refused(
    whole.subarray(0, 3 * 1024),
    /train-0\.tar ends early, behind its member "b\.jpg": the zeros that end a tar are missing/,
  )
  await refused(Buffer.alloc(0), /train-0\.tar is empty \(0 bytes\)/)
  await refused(Buffer.alloc(1024), /train-0\.tar has no image: it has no samples/)
  await refused(
    Buffer.from('text '.repeat(300)),
    /train-0\.tar is not a tar file, or it is damaged at its begin/,
  )
  await refused(
    Buffer.concat([gzipSync(whole), Buffer.alloc(600)]),
    /train-0\.tar is compressed by gzip, .* unpack it to a \.tar first, for example by gunzip\.$/,
  )
  for (const [name, first] of [
    ['zstd', '28b52ffd'],
    ['xz', 'fd377a585a'],
    ['bzip2', '425a68'],
  ])
    await refused(
      Buffer.concat([Buffer.from(first, 'hex'), Buffer.alloc(600, 7)]),
      new RegExp(`is compressed by ${name}, `),
    )
  const pax = writeTar([{ name: 'x', type: 'x', content: '99 path=a\n' }, ...sample('a', 0)])
  await refused(pax, /is damaged at byte 0: an extended header is malformed/)
  await refused(
    writeTar([{ name: 'x', type: 'x', content: Buffer.alloc(2 ** 20 + 1) }]),
    /is damaged at byte 0: a header for its members has 1,048,577 bytes/,
  )
  await refused(
    writeTar([{ name: 'x', type: 'x', content: '11 size=-1\n' }, ...sample('a', 0)]),
    /is damaged at byte 1,024: the size of a member is not a number/,
  )
  await refused(
    writeTar([{ name: 's.jpg', type: 'S', content: 'x' }]),
    /train-0\.tar holds "s\.jpg" as a sparse file/,
  )
})

test('samples that are no labelled image are refused, with the shard and the member', async (t) => {
  const refused = (entries: Entry[], words: RegExp) =>
    assert.rejects(index(t, entries), (error: Error) => {
      assert.equal(error.name, 'DatasetError')
      assert.match(error.message, words)
      return true
    })
  const jpg = { name: 'k.jpg', content: 'x' }
  await refused([jpg], /train-0\.tar: "k\.jpg" has no label; its sample needs a member .* \.cls/)
  await refused([jpg, { name: 'k.json', content: '{"a": 1}' }], /"k\.jpg" has no label/)
  await refused([jpg, { name: 'k.json', content: '[]' }], /"k\.jpg" has no label/)
  await refused([jpg, { name: 'k.json', content: '{' }], /train-0\.tar: "k\.json" is not JSON/)
  await refused([jpg, { name: 'k.txt', content: Buffer.alloc(2 ** 20 + 1, 48) }], /"k\.jpg" has no label/)
  for (const value of ['cat', '-1', '1.5', '', '99999999999'])
    await refused(
      [jpg, { name: 'k.cls', content: value }],
      new RegExp(`train-0\\.tar: "k\\.cls" holds "${value}" where a label must be: the number of a class`),
    )
  await refused(
    [jpg, { name: 'k.json', content: '{"label": "cat"}' }],
    /"k\.json" holds label: "cat" where a label must be/,
  )
  await refused(
    [jpg, { name: 'k.png', content: 'x' }, { name: 'k.cls', content: '0' }],
    /train-0\.tar has two images for the sample "k": "k\.jpg" and "k\.png"/,
  )
  await refused([...sample('k', 0), ...sample('l', 0), ...sample('k', 0)], /two images for the sample "k"/)
  await refused(
    [jpg, { name: 'k.cls', content: '0' }, { name: 'k.cls', content: '1' }],
    /train-0\.tar has the member "k\.cls" twice/,
  )
  await refused([{ name: 'k.jpg' }, { name: 'k.cls', content: '0' }], /train-0\.tar: "k\.jpg" is empty/)
  await refused(
    [{ name: 'k.txt', content: 'x' }],
    /train-0\.tar has no image: its members are such as k\.txt/,
  )
  await assert.rejects(indexShard('/nowhere/x.tar'), /^DatasetError: There is no file "\/nowhere\/x\.tar"\.$/)
})
