/** Examples of every help, of README and of the documentation are commands that exist, with flags and names that exist. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { PRESETS } from '../../models/presets.js'
import { PUBLISHED_CELLS } from '../../models/published-cells.js'
import { commands } from '../../src/commands/commands.js'
import { packageRoot } from '../../src/shared/package-root.js'
import { detectorPresets } from '../../src/train/detection/presets.js'
import { parseCommand } from '../helpers/commands/parse-command.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { shellCommands, wordsOf } from '../helpers/markdown.js'

const root = packageRoot()
const architectures = new Set(
  [PRESETS, PUBLISHED_CELLS, detectorPresets].flatMap((known) => Object.keys(known)),
)
/** Commands whose arguments are architectures, runs or files. */
const TAKE_ARCHITECTURES = ['describe', 'draw', 'compare-cells']

/** Parses the words after `toolkit` as its command does, and does nothing else. Throws what the command says of them. */
async function parse(words: readonly string[]): Promise<void> {
  const [name] = words
  const parsed = await parseCommand(words)
  const { arch } = parsed.opts() as { arch?: string }
  const named = [
    ...(TAKE_ARCHITECTURES.includes(name) ? parsed.args : []),
    ...(name !== 'import-weights' && arch ? [arch] : []),
  ]
  for (const text of named)
    assert.ok(/[./]/.test(text) || architectures.has(text), `there is no architecture ${text}`)
}

async function refusals(examples: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const example of examples)
    await parse(wordsOf(example)).catch((error: Error) => found.push(`${example}: ${error.message}`))
  return found
}

/** What `toolkit NAME --help` shows, of commands of commands too. */
async function helpOf(command: CommandUnknownOpts): Promise<string> {
  const texts: string[] = []
  command.exitOverride().configureOutput({ writeOut: (part) => void texts.push(part) })
  command.outputHelp()
  for (const child of command.commands) texts.push(await helpOf(child))
  return texts.join('')
}

const examplesIn = (help: string): string[] =>
  shellCommands(`\`\`\`sh\n${help}\n\`\`\``).flatMap((line) => /^\$ toolkit (.+)$/.exec(line)?.[1] ?? [])

describe('examples', () => {
  for (const [name, { load }] of Object.entries(commands))
    it(`of toolkit ${name} --help`, async () => {
      const examples = examplesIn(await helpOf(await load()))
      assert.ok(examples.length > 0)
      assert.deepEqual(await refusals(examples), [])
    })

  for (const folder of ['.', 'docs'])
    it(`in the documentation of ${folder}`, async () => {
      const files = (await readdir(join(root, folder))).filter((file) => file.endsWith('.md'))
      const texts = await Promise.all(files.map((file) => readFile(join(root, folder, file), 'utf8')))
      const examples = texts
        .flatMap(shellCommands)
        .flatMap((line) => /^(?:\$ )?(?:npx )?toolkit (.+)$/.exec(line)?.[1] ?? [])
        // Variables of the shell's loops.
        .map((line) => line.replaceAll('$strategy', 'ppo').replaceAll('$seed', '1'))
      assert.ok(examples.length > 5)
      assert.deepEqual(await refusals(examples), [])
    })

  it('that need nothing but the package run', async () => {
    const all = examplesIn(await helpOf(await commands.describe.load()))
    const examples = all.filter((example) => /^describe [a-z0-9-]+( |$)/.test(example))
    assert.ok(examples.length > 2)
    for (const example of examples) {
      const { code, stderr } = await toolkit(wordsOf(example))
      assert.deepEqual([code, stderr], [0, ''], example)
    }
  })
})

describe('refusals', () => {
  for (const [example, message] of [
    ['no-such-command', /no command/],
    ['describe nasnet-a --no-such-flag', /unknown option/],
    ['compare-cells enas --epochs 1', /no architecture enas/],
    ['train-backbone --epochs many', /whole number/],
    ['datasets', /outputHelp/],
  ] as const)
    it(example, () => assert.rejects(parse(wordsOf(example)), message))
})
