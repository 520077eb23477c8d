import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { packageRoot } from '../../src/shared/package-root.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

it('without an emulator, the emulated tests are skipped with a note', async (t) => {
  const env = { ...process.env, PATH: await temporaryFolder(t) }
  const script = join(packageRoot(), 'bin/test-emulated.js')
  const { status, stdout } = spawnSync(process.execPath, [script], { env, encoding: 'utf8' })
  assert.match(stdout, /^Skipped: .*, so the engine was not tested with blocks of 8 channels\.\n$/)
  assert.equal(status, 0)
})
