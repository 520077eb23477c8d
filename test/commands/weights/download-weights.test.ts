import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { publishedWeights } from '../../../src/weights/published.js'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { type Answer, serveFile, whole } from '../../helpers/datasets/file-server.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { weightsArchive } from '../../helpers/weights/small-weights.js'

const mobile = publishedWeights['nasnet-a-mobile']
/** With variables of the real shapes, which hold zeros. */
const archive = await weightsArchive('nasnet-a_mobile_04_10_2017', mobile.variables)

describe('toolkit download-weights', () => {
  it('downloads, says what is where and what comes next, and sees that it is there', async (t) => {
    const to = await temporaryFolder(t)
    const server = await serveFile(() => archive, [whole()])
    t.after(server.close)
    const args = ['download-weights', 'nasnet-a-mobile', '--to', to]
    const fetched = await toolkit([...args, '--url', server.url])
    succeeds(fetched)
    const folder = join(to, 'nasnet-a-mobile')
    assert.match(fetched.stdout, /^The weights are in .*nasnet-a-mobile: 2 tensors, each with the checksum/)
    assert.ok(
      fetched.stdout.endsWith(
        `Make a run of them: toolkit import-weights ${folder} --arch nasnet-a-mobile --out runs/nasnet-a-mobile\n`,
      ),
    )
    assert.match(fetched.stderr, /^nasnet-a-mobile {2}100 % {2}.*\nUnpacking and verifying …\n$/)
    const again = await toolkit([...args, '--json'])
    const { sha256, ...rest } = JSON.parse(again.stdout)
    assert.deepEqual(rest, {
      ...{
        weights: 'nasnet-a-mobile',
        folder,
        checkpoint: join(folder, 'model.ckpt'),
        how: 'present',
        tensors: 2,
      },
    })
    assert.match(sha256, /^[0-9a-f]{64}$/)
  })

  it('unpacks an archive that is there', async (t) => {
    const [from, to] = [await temporaryFolder(t), await temporaryFolder(t)]
    writeFileSync(join(from, basename(mobile.url)), archive)
    const unpack = (name: string, place: string) =>
      toolkit(['download-weights', name, '--to', to, '--from', place, '--json'])
    const { stdout } = await unpack('nasnet-a-mobile', from)
    assert.equal(JSON.parse(stdout).how, 'unpacked')
    fails(
      await unpack('nasnet-a-large', join(from, basename(mobile.url))),
      /does not hold nasnet-a-large: .*"conv0\/weights" has the shape \[3,3,3,32\], not \[3,3,3,96\]/,
    )
  })

  it('keeps what has arrived when it is interrupted, and continues', async (t) => {
    const to = await temporaryFolder(t)
    const part = join(to, `${basename(mobile.url)}.part`)
    const hangs: Answer = (_, response, content) => {
      response.writeHead(200, { ETag: '"1"', 'Content-Length': content.length })
      response.write(content.subarray(0, 1000))
    }
    const server = await serveFile(() => archive, [hangs, whole()])
    t.after(server.close)
    const args = ['download-weights', 'nasnet-a-mobile', '--to', to, '--url', server.url]
    const stopped = await toolkit(args, {
      onStart: async (child) => {
        while (!existsSync(part) || statSync(part).size < 1000)
          await new Promise((resolve) => setTimeout(resolve, 10))
        child.kill('SIGINT')
      },
    })
    assert.equal(stopped.code, 130, stopped.stderr)
    assert.match(
      stopped.stderr,
      /Stopped at 0\.0 MB of 0\.0 MB; run the same command again to continue from there\.\n$/,
    )
    assert.deepEqual(readdirSync(to).sort(), [basename(part), `${basename(part)}.json`])
    succeeds(await toolkit(args))
    assert.deepEqual(server.requests, ['whole', 'bytes=1000-'])
  })

  it('tells wrong usage in a sentence', async () => {
    const { code, stderr } = await toolkit(['download-weights', 'resnet'])
    assert.equal(code, 2)
    assert.match(
      stderr,
      /^name is "resnet", but must be one of nasnet-a-mobile, nasnet-a-large, faster-rcnn-nas-coco$/m,
    )
  })
})
