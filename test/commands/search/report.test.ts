import assert from 'node:assert/strict'
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { writeFakeSearch } from '../../helpers/search/fake-search.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('search-report: the page, the figures alone, the drawings, and plain words for what is wrong', async (t) => {
  const cwd = await temporaryFolder(t)
  const report = (...args: string[]) => toolkit(['search-report', ...args], { cwd })
  await writeFakeSearch(join(cwd, 'a'), { strategy: 'ppo', seed: 1, children: 40, retrained: 3 })
  await writeFakeSearch(join(cwd, 'b'), { strategy: 'random', seed: 1, children: 40 })
  await appendFile(join(cwd, 'b/journal.jsonl'), '{"kind":"told","resu')

  assert.deepEqual(await report('a', 'b'), { code: 0, stdout: 'Wrote search-report.html\n', stderr: '' })
  const page = await readFile(join(cwd, 'search-report.html'), 'utf8')
  assert.match(page, /<h1>Searches: ppo-1, random-1<\/h1>/)

  const { code, stdout, stderr } = await report('a', '--json', '--svg', 'figures', '--best', '2')
  assert.equal(code, 0, stderr)
  const { searches } = JSON.parse(stdout)
  assert.equal(searches[0].best.length, 2)
  assert.equal(searches[0].curves.reward.length, 40)
  const drawn = await readdir(join(cwd, 'figures'))
  assert.equal(stderr, `Wrote ${drawn.length} drawings to figures\n`)
  for (const name of ['rewards.svg', 'best-ppo-2.svg', 'operations-ppo-reduction.svg', 'retrained-ppo-1.svg'])
    assert.ok(drawn.includes(name), name)

  await mkdir(join(cwd, 'none'))
  await mkdir(join(cwd, 'new'))
  await writeFile(join(cwd, 'new/search.json'), await readFile(join(cwd, 'a/search.json')))
  await mkdir(join(cwd, 'spaceless'))
  await writeFile(join(cwd, 'spaceless/search.json'), '{"name":"x"}')
  for (const [args, message] of [
    [['none'], /^none holds no search: there is no search\.json in it\n$/],
    [['new'], /^ppo-1 has no children to report yet; wait until one was trained\n$/],
    [['spaceless'], /^spaceless.search\.json is damaged: "id" is missing/],
    [['a', '--out', 'nowhere/x.html'], /^Cannot write nowhere.x\.html: it does not exist\n$/],
  ] as [string[], RegExp][]) {
    const refused = await report(...args)
    assert.deepEqual([refused.code, refused.stdout], [1, ''])
    assert.match(refused.stderr, message)
  }
})
