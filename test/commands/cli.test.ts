import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { cp, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { packageRoot } from '../../src/shared/package-root.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

/** Name and description of each command in the main help. */
function listed(help: string): Map<string, string> {
  const lines = help.slice(help.indexOf('Commands:')).split('\n').slice(1)
  const found = new Map<string, string>()
  let name = ''
  for (const line of lines) {
    const match = /^ {2}(\S+)(?: \S+)* {2,}(\S.*)$/.exec(line)
    if (match) {
      name = match[1]
      found.set(name, match[2])
    } else if (line.startsWith('   ')) found.set(name, `${found.get(name)} ${line.trim()}`)
  }
  found.delete('help')
  return found
}

test('every command that the help lists is there, with the description that its own help gives', async () => {
  const { stdout, code } = await toolkit(['--help'])
  assert.equal(code, 0)
  const commands = listed(stdout)
  assert.ok(commands.has('train-backbone') && commands.has('serve'))
  for (const [name, description] of commands) {
    const own = await toolkit([name, '--help'])
    assert.equal(own.code, 0, own.stderr)
    assert.equal(own.stdout.split('\n\n')[1].replace(/\s+/g, ' ').trim(), description)
    // A command of commands leaves the examples to them.
    if (own.stdout.includes('Commands:')) continue
    assert.match(own.stdout, /Examples:/, `${name} shows no example`)
    // It runs until it is stopped.
    if (name === 'serve') continue
    assert.match(own.stdout, /^--json prints\b/m, `${name} does not describe what --json prints`)
  }
})

test('wrong usage ends with 2, a wish for help or the version with 0', async () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
  assert.deepEqual(await toolkit(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
  assert.equal((await toolkit(['help', 'plot'])).code, 0)
  for (const [args, message] of [
    [['no-such-command'], /unknown command 'no-such-command'/],
    [['export', 'run', '--no-such-flag'], /unknown option '--no-such-flag'/],
    [
      ['train-backbone', '--epochs', 'many'],
      /^--epochs is "many", but must be a whole number of 1 or more\n/,
    ],
    [
      ['train-backbone', '--optimizer', 'lion'],
      /^--optimizer is "lion", but must be one of momentum, rmsprop, adam\n/,
    ],
    [['export'], /missing required argument 'run'/],
    [[], /Usage: toolkit/],
  ] as [string[], RegExp][]) {
    const { code, stdout, stderr } = await toolkit(args)
    assert.equal(code, 2, args.join(' '))
    assert.equal(stdout, '')
    assert.match(stderr, message)
  }
})

test('a mistake of the user is told in its own words, without a stack, and ends with 1', async () => {
  for (const [args, message] of [
    [['export', 'nowhere'], /^nowhere is not the folder of a run: it has no config.json\n$/],
    [['evaluate', 'nowhere'], /^Cannot read nowhere: it does not exist\n$/],
    [['plot', 'nowhere', '--out', 'curve.svg'], /^nowhere is not the folder of a run[^\n]*\n$/],
    [
      ['plot', 'nowhere', '--out', 'curve.gif'],
      /^curve.gif ends in neither .svg nor .png; choose one of them\n$/,
    ],
    [['train-backbone', '--data', 'nowhere'], /^There is no data set "nowhere"[^\n]*\n$/],
    [['train-backbone', '--arch', 'nowhere'], /^Cannot read the architecture nowhere: [^\n]*\n$/],
    [['train-backbone', '--resume', 'nowhere'], /^nowhere is not the folder of a run[^\n]*\n$/],
    [['train-backbone', '--cells', '101'], /^"model.cells" is 101, but must be [^\n]*\n$/],
    [
      ['train-backbone', '--epochs', '1', '--steps', '2'],
      /^Give one of --epochs, --steps and --seconds[^\n]*\n$/,
    ],
  ] as [string[], RegExp][]) {
    const { code, stdout, stderr } = await toolkit(args)
    assert.equal(code, 1, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, message)
  }
})

/** Tells on stderr which packages and files a process imports. */
const spy = `data:text/javascript,${encodeURIComponent(`
  import { register } from 'node:module'
  register('data:text/javascript,' + encodeURIComponent(\`
    import { writeSync } from 'node:fs'
    export async function resolve(specifier, context, next) {
      const found = await next(specifier, context)
      writeSync(2, 'imported ' + found.url + '\\\\n')
      return found
    }\`))`)}`

test('a command loads what it needs alone: serving and detecting know nothing of training', async () => {
  const env = { NODE_OPTIONS: `--import ${spy}` }
  const imported = async (command: string) => (await toolkit([command, '--help'], { env })).stderr
  assert.match(await imported('evaluate'), /@tensorflow\/tfjs/, 'the spy sees what is imported')
  const serving = await imported('serve')
  assert.match(serving, /express/)
  const detecting = await imported('detect')
  assert.match(detecting, /sharp/)
  assert.doesNotMatch(detecting, /express/)
  for (const list of [serving, detecting])
    assert.doesNotMatch(list, /@tensorflow|coco-ts|src\/(train|engine)\/|\/models\//)
})

test('what makes files goes on when nobody reads its output; what only prints ends in silence', async (t) => {
  const folder = await temporaryFolder(t)
  const unread = async (args: string[]): Promise<number | null> => {
    const child = spawn(process.execPath, [join(packageRoot(), 'bin/toolkit.js'), ...args], { cwd: folder })
    child.stdout.destroy()
    child.stderr.destroy()
    const [code] = await once(child, 'exit')
    return code
  }
  const small = ['--cells', '1', '--filters', '4', '--batch-size', '16', '--steps', '2']
  assert.equal(await unread(['train-backbone', '--preset', 'embedded', ...small, '--out', 'run']), 0)
  assert.ok(existsSync(join(folder, 'run/model.onnx')))
  assert.equal(await unread(['describe', 'nasnet-a-mobile']), 0)
})

test('a command whose parts are not installed, as in the container image, says so', async (t) => {
  const folder = await temporaryFolder(t)
  // The image leaves out the models.
  for (const part of ['package.json', 'dist/src', 'dist/serve', 'dist/datasets'])
    await cp(join(packageRoot(), part), join(folder, part), { recursive: true })
  await symlink(join(packageRoot(), 'node_modules'), join(folder, 'node_modules'))
  const run = (...flags: string[]) =>
    promisify(execFile)(process.execPath, [join(folder, 'dist/src/cli.js'), ...flags])
  assert.match((await run('detect', '--help')).stdout, /find objects/)
  await assert.rejects(run('describe', 'nasnet-a'), (error: { code: number; stderr: string }) => {
    assert.equal(error.code, 1)
    assert.match(
      error.stderr,
      /^This installation lacks parts that describe needs \(Cannot find module .*\): .*\n$/,
    )
    return true
  })
})
