import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Argument, Command, Option } from '@commander-js/extra-typings'
import {
  changed,
  listOf,
  number,
  orNull,
  orOff,
  type Parser,
  size,
  usageError,
  wholeNumber,
} from '../../../src/commands/shared/flags.js'

/** What a parser says of a text that it does not take. */
function refusal(parse: Parser<unknown>, text: string): string {
  try {
    assert.fail(`${text} was read as ${parse(text)}`)
  } catch (error) {
    return (error as Error).message
  }
}

test('a whole number lies within its bounds, which the refusal names', () => {
  assert.deepEqual(['0', '12', ' 7 ', '1e3', '3.0'].map(wholeNumber(0)), [0, 12, 7, 1000, 3])
  assert.equal(wholeNumber(-5, 5)('-5'), -5)
  for (const text of ['', ' ', '7', '8.5', '8px', 'x', 'NaN', 'Infinity', '1e300'])
    assert.equal(refusal(wholeNumber(8), text), 'It must be a whole number of 8 or more.', text)
  for (const text of ['0', '257', '-1'])
    assert.equal(refusal(wholeNumber(1, 256), text), 'It must be a whole number from 1 to 256.', text)
  assert.equal(refusal(wholeNumber(Number.MIN_SAFE_INTEGER), 'x'), 'It must be a whole number.')
})

test('a number lies within its bounds; above and below exclude the bound itself', () => {
  assert.deepEqual(['-3', '0.5', '1e-3', '15e6'].map(number()), [-3, 0.5, 0.001, 15e6])
  const cases: [Parameters<typeof number>[0], taken: string[], refused: string[], words: string][] = [
    [{}, ['0'], ['', ' ', 'x', '1,5', 'NaN', 'Infinity'], 'a number'],
    [{ above: 0 }, ['1e-9'], ['0', '-1'], 'a number above 0'],
    [{ from: 0 }, ['0'], ['-0.1'], 'a number of at least 0'],
    [{ from: 0, to: 1 }, ['0', '1'], ['-0.1', '1.1'], 'a number from 0 to 1'],
    [{ from: 0, below: 1 }, ['0', '0.999'], ['1'], 'a number of at least 0 and below 1'],
    [{ above: 0, to: 1 }, ['1', '0.1'], ['0', '1.1'], 'a number above 0 and at most 1'],
  ]
  for (const [bounds, taken, refused, words] of cases) {
    for (const text of taken) assert.equal(number(bounds)(text), Number(text))
    for (const text of refused) assert.equal(refusal(number(bounds), text), `It must be ${words}.`, text)
  }
})

test('off stands for no value where a flag knows it', () => {
  const clip = orOff(number({ above: 0 }))
  assert.deepEqual([clip('off'), clip('5')], ['off', 5])
  assert.equal(refusal(clip, '0'), 'It must be a number above 0, or off.')
  assert.deepEqual([orNull('off', 1), orNull(2, 1), orNull(undefined, 1)], [null, 2, 1])
})

test('settings change where something is given', () => {
  const before = { seed: 1, flip: true, name: 'a' }
  assert.deepEqual(changed(before, { flip: false, name: undefined }), { seed: 1, flip: false, name: 'a' })
  assert.equal(before.flip, true)
})

test('lists have commas, sizes an x', () => {
  assert.deepEqual(['600', '480x640'].map(size), [
    [600, 600],
    [480, 640],
  ])
  const pair = listOf(number(), 'two numbers like 1,2', 2)
  assert.deepEqual(pair('0.5,2'), [0.5, 2])
  for (const text of ['1', '1,2,3', '1,x', ''])
    assert.equal(refusal(pair, text), 'It must be two numbers like 1,2.')
  assert.equal(refusal(size, '600*400'), 'It must be a side like 600, or height x width like 480x640.')
})

/** What a command prints about a mistake in its usage. */
function printed(args: string[], env: Record<string, string> = {}): string {
  let text = ''
  const command = new Command('try')
    .addArgument(new Argument('[name]').argParser(wholeNumber(1)))
    .addOption(new Option('-e, --epochs <n>', 'epochs').argParser(wholeNumber(1)).env('TRY_EPOCHS'))
    .addOption(new Option('--kind <kind>', 'kind').choices(['a', 'b']))
    .exitOverride()
    .configureOutput({
      writeErr: (part) => {
        text += part
      },
      outputError: (message, write) => write(usageError(message)),
    })
  Object.assign(process.env, env)
  try {
    command.parse(args, { from: 'user' })
  } catch {
    return text
  } finally {
    for (const name of Object.keys(env)) delete process.env[name]
  }
  return assert.fail('it was accepted')
}

test('a wrong value is refused in one sentence, which names the flag and the value', () => {
  const epochs = 'but must be a whole number of 1 or more\n'
  assert.equal(printed(['--epochs', 'many']), `--epochs is "many", ${epochs}`)
  assert.equal(printed(['-e', "o'clock' is invalid. "]), `--epochs is "o'clock' is invalid. ", ${epochs}`)
  assert.equal(printed(['--epochs=two\nlines']), `--epochs is "two\nlines", ${epochs}`)
  assert.equal(printed([], { TRY_EPOCHS: '0' }), `TRY_EPOCHS is "0", ${epochs}`)
  assert.equal(printed(['x']), `name is "x", ${epochs}`)
  assert.equal(printed(['--kind', 'c']), '--kind is "c", but must be one of a, b\n')
  assert.equal(printed(['--unknown']), "error: unknown option '--unknown'\n")
})
