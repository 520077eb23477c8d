import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { cifar10Folder } from '../../../datasets/classification/cifar10.js'
import { cifar10Archive, officialCifar10 } from '../../../datasets/fetch/fetch-cifar10.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { type Answer, serveFile, whole } from '../../helpers/datasets/file-server.js'
import { smallCoco } from '../../helpers/datasets/small-coco.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const real = join(packageRoot(), '.data')

describe('toolkit datasets fetch', () => {
  it('copies from a folder, and sees that it is there', {
    skip: !existsSync(join(real, cifar10Folder)) && 'CIFAR-10 is not in .data',
  }, async (t) => {
    const to = await temporaryFolder(t)
    const fetch = (...more: string[]) => toolkit(['datasets', 'fetch', 'cifar10', '--to', to, ...more])
    const copied = await fetch('--from', real)
    assert.equal(copied.code, 0, copied.stderr)
    assert.match(copied.stdout, /structure and sizes are correct, checksums were not compared/)
    assert.equal(statSync(join(to, cifar10Folder, 'test_batch.bin')).size, 30_730_000)
    const again = await fetch('--json')
    assert.deepEqual(JSON.parse(again.stdout), {
      dataset: 'cifar10',
      folder: join(to, cifar10Folder),
      how: 'present',
    })
  })

  it('unpacks COCO from its archives, tells what it does, and sees that it is there', async (t) => {
    const [from, to] = [await temporaryFolder(t), await temporaryFolder(t)]
    const { content } = await smallCoco()
    for (const [path, bytes] of content) writeFileSync(join(from, basename(path)), bytes)
    const fetched = await toolkit(['datasets', 'fetch', 'coco', '--from', from, '--to', to])
    assert.equal(fetched.code, 0, fetched.stderr)
    assert.match(fetched.stdout, /^.*annotations: unpacked from the archive\n.*val2017: unpacked from/)
    assert.match(fetched.stdout, /Look at it: toolkit datasets inspect .*instances_val2017\.json --images /)
    assert.match(
      fetched.stderr,
      /^val2017\.zip: unpacking and verifying …\nval2017\.zip {2}100 % .*\nval2017: comparing the images/m,
    )
    // It has fewer files than the real one, so it is unpacked again: nothing is written twice.
    const again = await toolkit(['datasets', 'fetch', 'coco', '--from', from, '--to', to, '--json'])
    assert.deepEqual(JSON.parse(again.stdout).archives[1], { folder: 'val2017', how: 'copied' })
  })

  it('keeps what has arrived when it is interrupted, says how to continue, and continues', async (t) => {
    const to = join(await temporaryFolder(t), 'data')
    // As much as the official archive, but the connection hangs; its checksum is never reached.
    const start = Buffer.alloc(2_000_000, 1)
    const hangs: Answer = (_, response) => {
      response.writeHead(200, { ETag: '"1"', 'Content-Length': officialCifar10.bytes })
      response.write(start)
    }
    const server = await serveFile(() => start, [hangs])
    t.after(server.close)
    const args = ['datasets', 'fetch', 'cifar10', '--to', to, '--url', server.url]
    const part = join(to, `${cifar10Archive}.part`)
    const interrupted = (after: number) =>
      toolkit(args, {
        onStart: async (child) => {
          while (server.requests.length < after || !existsSync(part) || statSync(part).size < start.length)
            await new Promise((resolve) => setTimeout(resolve, 10))
          child.kill('SIGINT')
        },
      })
    const first = await interrupted(1)
    assert.equal(first.code, 130, first.stderr)
    assert.equal(first.stdout, '')
    assert.match(
      first.stderr,
      /Stopped at 2\.0 MB of 170\.1 MB; run the same command again to continue from there\.\n$/,
    )
    assert.doesNotMatch(first.stderr, /at .*\.js:/, 'no stack')
    assert.deepEqual(readdirSync(to).sort(), [`${cifar10Archive}.part`, `${cifar10Archive}.part.json`])
    assert.equal((await interrupted(2)).code, 130)
    assert.deepEqual(server.requests, ['whole', 'bytes=2000000-'])
  })

  it('tells wrong usage and failures in a sentence each', async (t) => {
    const to = await temporaryFolder(t)
    const server = await serveFile(() => Buffer.alloc(10), [whole()])
    t.after(server.close)
    for (const [args, code, expected] of [
      [['mnist'], 2, /^name is "mnist", but must be cifar10 or coco: the embedded data set is part of/],
      [['coco', '--part', 'test'], 2, /^--part is "test", but must be one of val, train, all$/m],
      [
        ['coco', '--to', to, '--url', 'http://x'],
        1,
        /^--url is for CIFAR-10; name a mirror of COCO with --from/m,
      ],
      [['cifar10', '--to', to, '--part', 'val'], 1, /^CIFAR-10 has no parts to choose/m],
      [['coco', '--to', to, '--from', to], 1, /has no annotations_trainval2017\.zip; put the archive there/],
      [['cifar10', '--force'], 2, /unknown option '--force'/],
      [['cifar10', '--to', to, '--url', 'ftp://x'], 1, /^"ftp:\/\/x" is not an address of the form https/m],
      [
        ['cifar10', '--to', to, '--from', join(to, 'gone')],
        1,
        /^There is no ".*gone" to take CIFAR-10 from\.$/m,
      ],
      [['cifar10', '--to', to, '--from', to], 1, /is empty; CIFAR-10 needs data_batch_1\.bin/],
    ] as [string[], number, RegExp][]) {
      const failed = await toolkit(['datasets', 'fetch', ...args])
      assert.equal(failed.code, code, failed.stderr)
      assert.match(failed.stderr, expected)
      assert.doesNotMatch(failed.stderr, /at .*\.js:/, 'no stack')
    }
  })
})
