import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type FetchWeightsOptions, fetchWeights } from '../../../src/weights/download/fetch-weights.js'
import { publishedNames, publishedWeights } from '../../../src/weights/published.js'
import { openTfCheckpoint } from '../../../src/weights/tf-checkpoint/open-checkpoint.js'
import { type Answer, serveFile, status, whole } from '../../helpers/datasets/file-server.js'
import { writeTar } from '../../helpers/datasets/tar-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { weightsArchive } from '../../helpers/weights/small-weights.js'

const name = 'nasnet-a-mobile'
const archiveName = 'nasnet-a_mobile_04_10_2017.tar.gz'
const variables = { 'conv0/weights': [3, 3, 3, 2], 'final_layer/FC/weights': [4, 5], step: [] }
const source = { ...publishedWeights[name], variables }
const archive = await weightsArchive('nasnet-a_mobile', variables)
const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const files = ['checkpoint', 'model.ckpt.data-00000-of-00001', 'model.ckpt.index']

async function fetchFrom(
  t: TestContext,
  to: string,
  answers: Answer[],
  served = archive,
  more: Partial<FetchWeightsOptions> = {},
) {
  const server = await serveFile(() => served, answers)
  t.after(server.close)
  const connection = { tries: 1, retryDelay: 1 }
  const fetched = await fetchWeights({ name, to, source, url: server.url, connection, ...more })
  return { fetched, requests: server.requests }
}

describe('fetchWeights', () => {
  it('downloads, verifies and unpacks the checkpoint, and notes the checksum of its archive', async (t) => {
    const to = join(await temporaryFolder(t), 'weights')
    const stages: string[] = []
    const { fetched } = await fetchFrom(t, to, [whole()], archive, { onStage: (stage) => stages.push(stage) })
    const folder = join(to, name)
    const sha256 = sha256Of(archive)
    const place = { folder, checkpoint: join(folder, 'model.ckpt'), tensors: 3, sha256 }
    assert.deepEqual(fetched, { ...place, how: 'downloaded' })
    assert.deepEqual(stages, ['verify', 'download', 'unpack'])
    assert.deepEqual(readdirSync(folder).sort(), files)
    assert.deepEqual(readdirSync(to).sort(), [name, `${archiveName}.sha256`])
    assert.equal(readFileSync(join(to, `${archiveName}.sha256`), 'utf8'), `${sha256}  ${archiveName}\n`)
    const opened = await openTfCheckpoint(folder)
    assert.deepEqual((await opened.read('final_layer/FC/weights')).slice(0, 2), Float32Array.of(1, 0))
    await opened.close()

    const again = await fetchFrom(t, to, [status(500)])
    assert.deepEqual([again.fetched, again.requests], [{ ...place, how: 'present' }, []])
  })

  it('replaces a damaged checkpoint, by an archive with the same checksum alone', async (t) => {
    const to = await temporaryFolder(t)
    await fetchFrom(t, to, [whole()])
    const data = join(to, name, files[1])
    const bytes = readFileSync(data)
    bytes[100] ^= 1
    writeFileSync(data, bytes)
    const other = await weightsArchive('another-folder', variables)
    await assert.rejects(
      fetchFrom(t, to, [whole()], other),
      /^DatasetError: ".*04_10_2017\.tar\.gz" has the SHA-256 \w{64}, but the archive that was downloaded first had \w{64}; if the authors have replaced it, remove ".*\.sha256" and run/,
    )
    assert.deepEqual(readFileSync(data), bytes, 'nothing was replaced')
    rmSync(join(to, archiveName))
    assert.equal((await fetchFrom(t, to, [whole()])).fetched.how, 'downloaded')
    bytes[100] ^= 1
    assert.deepEqual(readFileSync(data), bytes)
  })

  it('takes an archive, named or in a folder, and leaves it there', async (t) => {
    const [from, to] = [await temporaryFolder(t), await temporaryFolder(t)]
    writeFileSync(join(from, archiveName), archive)
    for (const place of [from, join(from, archiveName)]) {
      assert.equal((await fetchWeights({ name, to, source, from: place })).how, 'unpacked')
      assert.deepEqual(readdirSync(to), [name], 'the checksum of a file of unknown origin is not noted')
      rmSync(join(to, name), { recursive: true })
    }
    assert.ok(existsSync(join(from, archiveName)))
    await assert.rejects(
      fetchWeights({ name, to, source, from: join(from, 'gone') }),
      /^DatasetError: There is no ".*gone" to take the weights from\.$/,
    )
    await assert.rejects(
      fetchWeights({ name, to, source, from: to }),
      /has no nasnet-a_mobile.*; put the archive there/,
    )
    writeFileSync(join(to, 'model.ckpt.index'), '')
    await assert.rejects(
      fetchWeights({ name, to, source, from: to }),
      /can be used in place: give its path to import-/,
    )
  })

  it('refuses archives that hold something else, and leaves nothing', async (t) => {
    const [from, to] = [await temporaryFolder(t), await temporaryFolder(t)]
    const place = join(from, 'some.tar.gz')
    const without = (ending: string) =>
      weightsArchive('a', variables, (entries) => entries.filter((entry) => !entry.name.endsWith(ending)))
    const damaged = await weightsArchive('a', variables, (entries) =>
      entries.map((entry) => {
        if (!entry.name.includes('.data-')) return entry
        const content = Buffer.from(entry.content as Buffer)
        content[0] ^= 1
        return { ...entry, content }
      }),
    )
    const twice = await weightsArchive('a', variables, (entries) => [...entries, ...entries.slice(1, 2)])
    for (const [bytes, reason] of [
      [
        archive.subarray(0, archive.length / 2),
        /cannot be unpacked: it is not a gzip file, or it is damaged or cut short/,
      ],
      [
        gzipSync(writeTar([{ name: 'photo.jpg', content: 'x' }])),
        /does not hold nasnet-a-mobile: There is no TensorFlow/,
      ],
      [await without('.index'), /does not hold nasnet-a-mobile: .*model\.ckpt\.index is missing/],
      [await without('-00001'), /does not hold nasnet-a-mobile: model\.ckpt\.data-00000-of-00001 is missing/],
      [damaged, /does not hold nasnet-a-mobile: .*"conv0\/weights" does not have the checksum of its index/],
      [twice, /cannot be unpacked: it holds model\.ckpt\.index twice/],
      [
        await weightsArchive('a', { ...variables, step: [2] }),
        /other weights: its "step" has the shape \[2\], not \[\]/,
      ],
      [await weightsArchive('a', { step: [] }), /other weights: it has no "conv0\/weights"/],
    ] as [Buffer, RegExp][]) {
      writeFileSync(place, bytes)
      await assert.rejects(fetchWeights({ name, to, source, from: place }), reason)
      assert.deepEqual(readdirSync(to), [])
    }
  })

  it('does not replace a folder that holds something else, and refuses a damaged note', async (t) => {
    const to = await temporaryFolder(t)
    mkdirSync(join(to, name))
    writeFileSync(join(to, name, 'thesis.txt'), 'years of work')
    await assert.rejects(
      fetchFrom(t, to, [whole()]),
      /^DatasetError: ".*nasnet-a-mobile" is not a complete nasnet-a-mobile and also holds "thesis\.txt"; move that/,
    )
    assert.deepEqual(readdirSync(to), [name])
    writeFileSync(join(to, `${archiveName}.sha256`), 'x')
    await assert.rejects(
      fetchFrom(t, to, [whole()]),
      /^UserError: ".*\.sha256" holds no SHA-256, as it must; remove it/,
    )
  })
})

describe('the table of published weights', () => {
  it('tells every two apart, and names safe addresses', () => {
    const known = publishedNames.map((each) => JSON.stringify(publishedWeights[each].variables))
    assert.equal(new Set(known).size, known.length)
    for (const each of publishedNames) assert.match(publishedWeights[each].url, /^https:\/\/.*\.tar\.gz$/)
  })
})
