import assert from 'node:assert/strict'
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openTfCheckpoint } from '../../../src/weights/tf-checkpoint/open-checkpoint.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { contentsOf, described, expected, golden } from '../../helpers/weights/checkpoints.js'

/** A folder with copies of golden files. */
async function copied(t: TestContext, ...names: string[]): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const name of names) await cp(golden(name), join(folder, name), { recursive: true })
  return folder
}

const SHARDED = ['sharded.ckpt.index', 'sharded.ckpt.data-00000-of-00002', 'sharded.ckpt.data-00001-of-00002']

describe('a TensorFlow checkpoint', () => {
  for (const name of ['second.ckpt', 'first.ckpt', 'sharded.ckpt', 'saved-model'])
    it(`is read as TensorFlow reads it: ${name}`, async () => {
      const source = await openTfCheckpoint(golden(name))
      const skip = (tensor: string) => expected[name][tensor]?.sha256 === undefined
      assert.deepEqual(await described(source, skip), expected[name])
      assert.equal(source.path, golden(name))
      await source.close()
    })

  it('is found under the names that people give it', async (t) => {
    const folder = await copied(t, ...SHARDED, 'first.ckpt')
    const sharded = expected['sharded.ckpt']
    for (const name of SHARDED) assert.deepEqual(await contentsOf(join(folder, name)), sharded)
    // The only one of its format in the folder.
    assert.deepEqual(await contentsOf(folder), sharded)
    const state = (named: string) =>
      writeFile(join(folder, 'checkpoint'), `model_checkpoint_path: "${named}"\n`)
    await state('first.ckpt')
    assert.deepEqual(await contentsOf(folder), expected['first.ckpt'])
    await state('/home/of/somebody/sharded.ckpt')
    assert.deepEqual(await contentsOf(folder), sharded)
    await state('gone.ckpt')
    await assert.rejects(
      openTfCheckpoint(folder),
      /^UserError: .*checkpoint names the checkpoint gone\.ckpt, which is not/,
    )
    await writeFile(join(folder, 'checkpoint'), '')
    await assert.rejects(openTfCheckpoint(folder), /^UserError: .* names no checkpoint/)
  })

  it('says which tensors are no plain numbers, or beyond float32, and reads the others', async () => {
    const source = await openTfCheckpoint(golden('second.ckpt'))
    await assert.rejects(
      source.read('words'),
      /^UserError: "words" in .*second\.ckpt is of the type string, which/,
    )
    await assert.rejects(
      source.read('complex'),
      /^UserError: "complex" in .* is of the type complex64, which/,
    )
    await assert.rejects(
      source.read('beyond'),
      /^UserError: "beyond" in .* holds 1e\+300, which is beyond what float32/,
    )
    await assert.rejects(source.read('none'), /^UserError: .*second\.ckpt has no tensor "none"/)
    assert.deepEqual(await source.read('scalar'), Float32Array.of(3.25))
    await source.close()
  })

  it('that is missing or incomplete is refused by what is missing', async (t) => {
    const folder = await copied(t, ...SHARDED)
    const path = join(folder, 'sharded.ckpt')
    const refused = (expectation: RegExp, named = path) =>
      assert.rejects(openTfCheckpoint(named), (error: Error) => {
        assert.equal(error.name, 'UserError')
        assert.match(error.message, expectation)
        return true
      })
    await refused(
      /There is no TensorFlow checkpoint .*other: neither .*other\.index nor a file/,
      join(folder, 'other'),
    )
    await mkdir(join(folder, 'empty'))
    await refused(/The folder .*empty holds no TensorFlow checkpoint/, join(folder, 'empty'))
    await cp(`${path}.index`, join(folder, 'copy.index'))
    await refused(/holds several checkpoints; name one of them: copy, sharded\.ckpt/, folder)
    await rename(`${path}.data-00001-of-00002`, `${path}.data-00001-of-00003`)
    await refused(
      /sharded\.ckpt\.data-00001-of-00002 is missing, which .*sharded\.ckpt\.index names; copy it too/,
    )
    await rename(`${path}.index`, join(folder, 'alone'))
    await refused(/has its data, but .*sharded\.ckpt\.index is missing/)
    await refused(
      /alone is the index of a checkpoint in several files; give it its name back/,
      join(folder, 'alone'),
    )
    await writeFile(join(folder, 'old-00000-of-00002'), '')
    await refused(/first format in several files, which cannot be read; load it in/, join(folder, 'old'))
    await writeFile(join(folder, 'weights.h5'), 'HDF is another format')
    await refused(
      /weights\.h5 cannot be read: it is cut short, or no TensorFlow checkpoint/,
      join(folder, 'weights.h5'),
    )
    await rm(join(folder, 'weights.h5'))
    await mkdir(join(folder, 'weights.h5'))
    await refused(/holds no TensorFlow checkpoint/, join(folder, 'weights.h5'))
  })
})
