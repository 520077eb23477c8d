/** A search for autoencoders from the command line to what can be done with its results. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { searchFlags, searchSettings } from '../../../src/commands/search/flags.js'
import { readJournal } from '../../../src/search/journal/read-journal.js'
import { createSearchFolder, readSearchConfig } from '../../../src/search/search-folder.js'
import { searchConfig } from '../../../src/search/settings.js'
import { decodeAutoencoder } from '../../../src/search/space/genotypes.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** A new search as the flags begin it, but with a few steps of longer training in place of hundreds. */
async function begin(folder: string, line: string): Promise<void> {
  const command = searchFlags()
  command.parse(line.split(' '), { from: 'user' })
  const config = searchConfig(searchSettings(command.opts()), { folder, id: 'short' })
  const { retrain } = config
  assert.ok(retrain?.evaluator.kind === 'reconstruct')
  retrain.evaluator.run.length = { kind: 'steps', amount: 3 }
  await (await createSearchFolder(folder, config)).close()
}

test('search --task autoencode: the best cells, against plain convolutions, with pictures', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'), 48)
  const search = (...args: string[]) => toolkit(['search', ...args, '--processes', '2'], { cwd })
  const shared = await search('--task', 'autoencode', '--evaluator', 'shared')
  assert.deepEqual([shared.code, shared.stdout], [1, ''])
  assert.match(shared.stderr, /^Autoencoders have no shared weights: .*\n$/)

  const small =
    '--task autoencode --data images --strategy random --blocks 1 --budget 2 --top 1 --steps 2 --train-images 64 --validation-images 16'
  await begin(join(cwd, 'odd'), `${small} --image-size 10`)
  const odd = await search('--resume', 'odd')
  assert.deepEqual([odd.code, odd.stdout], [1, ''])
  assert.match(odd.stderr, /Images of 10 pixels cannot be halved 2 times; choose an image size/)

  await begin(join(cwd, 'found'), `${small} --image-size 8`)
  const { code, stdout, stderr } = await search('--resume', 'found', '--json')
  assert.equal(code, 0, stderr)
  const { genotype, best, comparison, reconstructions } = JSON.parse(stdout)
  const events = await readJournal(join(cwd, 'found/journal.jsonl'))
  const told = events.filter((event) => event.kind === 'told')
  assert.equal(told.length, 2)
  const highest = Math.max(...told.map(({ reward }) => reward))
  assert.deepEqual([best.length, best[0].reward], [1, highest])
  const { result } = told.find(({ result }) => result.id === best[0].id)!
  assert.ok(result.kind === 'measured')
  assert.equal(best[0].error, result.measured.reconstructionError)
  const [longer] = events.filter((event) => event.kind === 'retrained')
  assert.equal(best[0].longer.error, longer.reconstructionError)

  const { cells, plain, child } = comparison
  assert.deepEqual([child, cells.parameters], [best[0].id, best[0].parameters])
  // The same network, recipe and seed.
  assert.equal(cells.error, longer.reconstructionError)
  for (const { error, psnr, multiplyAdds } of [cells, plain])
    assert.ok(error > 0 && Math.abs(10 ** (-psnr / 10) - error) < 1e-9 && multiplyAdds > 0)
  assert.ok(Math.abs(plain.parameters / cells.parameters - 1) < 0.1)
  assert.deepEqual(JSON.parse(await readFile(join(cwd, 'found/comparison.json'), 'utf8')), comparison)
  const again = await search('--resume', 'found', '--json')
  assert.deepEqual([again.code, JSON.parse(again.stdout)], [0, JSON.parse(stdout)])
  assert.doesNotMatch(again.stderr, /plain autoencoder/)
  const { width, height } = await sharp(join(cwd, reconstructions)).metadata()
  assert.deepEqual([width, height], [10 * 36 + 4, 3 * 36 + 4])

  const { space } = await readSearchConfig(join(cwd, 'found'))
  const asked = events.filter((event) => event.kind === 'asked')
  const expected = decodeAutoencoder(space, asked[child].decisions, `found-${child}`)
  for (const file of [genotype, 'found/best/1.json'])
    assert.deepEqual(JSON.parse(await readFile(join(cwd, file), 'utf8')), expected)

  const drawn = await toolkit(['draw', genotype], { cwd })
  assert.equal(drawn.code, 0, drawn.stderr)
  assert.match(await readFile(join(cwd, 'found/genotype.svg'), 'utf8'), /Expansion cell/)
  const trained = await toolkit(['train-backbone', '--arch', genotype], { cwd })
  assert.deepEqual([trained.code, trained.stdout], [1, ''])
  assert.match(trained.stderr, /^genotype\.json is the genotype of an autoencoder: /)
  const report = await toolkit(['search-report', 'found', '--out', 'report.html'], { cwd })
  assert.equal(report.code, 0, report.stderr)
  assert.match(await readFile(join(cwd, 'report.html'), 'utf8'), /variance explained/)
})
