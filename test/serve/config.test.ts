/** One configuration from flags, environment, file and defaults, and mistakes in each of them. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { loadConfig } from '../../serve/config/load-config.js'
import { configLines, describeConfig } from '../../serve/config/print-config.js'
import { serverDefaults, settingNames, variableOf } from '../../serve/config/settings.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const models = ['model.onnx']

describe('loadConfig', () => {
  it('prefers a flag to a variable, that to the file, that to the default, and knows which it was', async (t) => {
    const folder = await temporaryFolder(t)
    const file = join(folder, 'serve.json')
    await writeFile(
      file,
      JSON.stringify({ models, port: 1, queue: 2, deadline: 3, apiKeysFile: '../keys', quiet: true }),
    )
    const environment = {
      TOOLKIT_SERVE_PORT: '10',
      TOOLKIT_SERVE_QUEUE: '20',
      TOOLKIT_SERVE_CORS_ORIGINS: 'https://a.example, https://b.example:8443',
      TOOLKIT_HOST: '0.0.0.0',
      TOOLKIT_SERVE_SERVICE_HOST: 'set by Kubernetes',
      OTHER: 'x',
    }
    const { values, origins } = await loadConfig({ config: file, port: 100 }, environment)
    assert.deepEqual(values, {
      ...serverDefaults,
      models: [join(folder, 'model.onnx')],
      port: 100,
      queue: 20,
      deadline: 3,
      apiKeysFile: join(folder, '..', 'keys'),
      corsOrigins: ['https://a.example', 'https://b.example:8443'],
      host: '0.0.0.0',
      quiet: true,
    })
    assert.deepEqual(
      [origins.port, origins.queue, origins.deadline, origins.host, origins.decoders],
      ['--port', 'TOOLKIT_SERVE_QUEUE', file, 'TOOLKIT_HOST', 'default'],
    )
    // The file may be named by a variable too.
    const named = await loadConfig({}, { TOOLKIT_SERVE_CONFIG: file })
    assert.equal(named.values.port, 1)
  })

  it('names the setting and its source where a value cannot be', async (t) => {
    const folder = await temporaryFolder(t)
    const file = async (content: string) => {
      const path = join(folder, 'serve.json')
      await writeFile(path, content)
      return { config: path }
    }
    const refused = async (flags: object, environment: Record<string, string>, words: RegExp) =>
      assert.rejects(loadConfig({ models, ...flags }, environment), words)
    await refused(
      { port: 70000 },
      {},
      /^UserError: --port is 70000, but must be a whole number from 0 to 65535$/,
    )
    await refused({}, { TOOLKIT_SERVE_PORT: 'x' }, /TOOLKIT_SERVE_PORT is "x", but must be a whole number/)
    await refused(
      {},
      { TOOLKIT_SERVE_QUIET: 'yes' },
      /TOOLKIT_SERVE_QUIET is "yes", but must be true or false/,
    )
    await refused(
      {},
      { TOOLKIT_SERVE_PROT: '1' },
      /variable TOOLKIT_SERVE_PROT is not known here; known are .*_PORT/,
    )
    await refused(
      await file('{"port": "80"}'),
      {},
      /"port" in .*serve\.json is "80", but must be a whole number/,
    )
    await refused(
      await file('{"prot": 80}'),
      {},
      /"prot" in .*serve\.json is not known here; known are models, port/,
    )
    await refused(
      await file('{"corsOrigins": ["a.example"]}'),
      {},
      /"corsOrigins" in .*\[0\] must be an origin/,
    )
    await refused(await file('{'), {}, /serve\.json is not JSON/)
    await refused(await file('[]'), {}, /serve\.json must hold an object/)
    await refused({ config: join(folder, 'no.json') }, {}, /Cannot read .*no\.json: it does not exist/)
    await assert.rejects(loadConfig({}, {}), /no model to serve; .*TOOLKIT_SERVE_MODELS/)
  })

  it('shows no key, neither whole nor refused', async () => {
    const key = 'a-secret-of-many-letters'
    const config = await loadConfig({ models }, { TOOLKIT_SERVE_API_KEYS: key })
    assert.deepEqual(config.values.apiKeys, [key])
    assert.deepEqual(describeConfig(config).apiKeys, {
      value: '1 key, not shown',
      from: 'TOOLKIT_SERVE_API_KEYS',
    })
    assert.doesNotMatch(configLines(config).join('\n'), /secret/)
    await assert.rejects(
      loadConfig({ models }, { TOOLKIT_SERVE_API_KEYS: 'secret' }),
      /^UserError: TOOLKIT_SERVE_API_KEYS\[0\] must be a key of 16 to 256 letters without spaces or commas$/,
    )
  })

  it('has a variable of its own for each setting', () => {
    assert.equal(variableOf('maxBytes'), 'TOOLKIT_SERVE_MAX_BYTES')
    assert.equal(new Set(settingNames.map(variableOf)).size, settingNames.length)
  })
})

describe('toolkit serve --print-config', () => {
  it('shows what is in force, and starts nothing', async () => {
    const env = { TOOLKIT_SERVE_QUEUE: '7' }
    const text = await toolkit(['serve', 'no-such.onnx', '--print-config', '--api-keys', 'keys.txt'], { env })
    assert.deepEqual([text.code, text.stderr], [0, ''])
    assert.match(text.stdout, /^models +no-such\.onnx +argument$/m)
    assert.match(text.stdout, /^queue +7 +TOOLKIT_SERVE_QUEUE$/m)
    assert.match(text.stdout, /^apiKeysFile +keys\.txt +--api-keys$/m)
    const { stdout } = await toolkit(['serve', 'a.onnx', '--print-config', '--json', '--port', '81'], { env })
    const shown = JSON.parse(stdout)
    assert.deepEqual(shown.port, { value: 81, from: '--port' })
    assert.deepEqual(shown.deadline, { value: 20, from: 'default' })
  })

  it('refuses a flag as other commands do, and a variable by its name', async () => {
    const flag = await toolkit(['serve', 'a.onnx', '--log-format', 'xml'])
    assert.equal(flag.code, 2)
    assert.match(flag.stderr, /^--log-format is "xml", but must be one of auto, json, text\n/)
    const variable = await toolkit(['serve', 'a.onnx'], { env: { TOOLKIT_SERVE_QUEUE: 'long' } })
    assert.deepEqual(variable, {
      code: 1,
      stdout: '',
      stderr: 'TOOLKIT_SERVE_QUEUE is "long", but must be a whole number of 0 or more\n',
    })
  })
})
