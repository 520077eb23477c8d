/**
 * The interface beside its own description: schemathesis sends what openapi.json allows and what it forbids, and compares
 * the answers with what is written there. Runs where $PYTHON or python3 has schemathesis.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { golden, start } from '../helpers/serve/support.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const python = process.env.PYTHON ?? 'python3'
const hasSchemathesis = spawnSync(python, ['-c', 'import schemathesis']).status === 0
/** Cases for each operation, in the phase that draws them at random. */
const examples = process.env.TOOLKIT_SCHEMATHESIS_EXAMPLES ?? '5'

describe('the description of the interface', () => {
  const skip = !hasSchemathesis && `${python} has no schemathesis`

  for (const apiKeys of [undefined, ['the-key-of-schemathesis']])
    it(`is true${apiKeys === undefined ? '' : ', with keys'}`, { skip }, async (t) => {
      const server = await start({ models: ['quadrants.onnx', 'detector.onnx'].map(golden), apiKeys })
      t.after(() => server.close(100))
      const flags = ['--max-examples', examples, '--seed', '1', '--no-color', '--no-shrink']
      // It writes into the folder of its settings and hooks.
      const folder = await temporaryFolder(t)
      await cp(join(dirname(golden('')), 'schemathesis'), folder, { recursive: true })
      // Of two keys, of which one is right, the right one counts; it takes that for a fault.
      const key =
        apiKeys === undefined
          ? []
          : ['--header', `X-API-Key: ${apiKeys[0]}`, '--generation-with-security-parameters', 'false']
      const program = "from schemathesis.cli import schemathesis; schemathesis(prog_name='st')"
      const run = await promisify(execFile)(
        python,
        [
          '-c',
          program,
          'run',
          `${server.url}/openapi.json`,
          ...flags,
          ...key,
          '--generation-database',
          'none',
        ],
        {
          cwd: folder,
          env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
          maxBuffer: 1 << 26,
        },
      ).catch((error: { stdout: string; stderr: string }) => error)
      assert.doesNotMatch(run.stdout + run.stderr, /FAILURES|ERRORS|Traceback/)
      assert.match(run.stdout, /Tested: (\d\d)\n/)
    })
})
