import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { stress } from '../../../bench/search/stress.js'
import { withoutRedis } from '../../helpers/search/redis-server.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

for (const persistent of [true, false]) {
  const what = persistent ? 'with its data' : 'without its data'
  test(`500 children while workers are killed, and Redis ${what}: none is lost, none counts twice`, {
    skip: withoutRedis,
  }, async (t) => {
    const report = await stress({
      children: 500,
      workers: 3,
      workerKillEvery: 60,
      redisKillEvery: 160,
      persistent,
      log: join(await temporaryFolder(t), 'log'),
    })
    const { lost, doubled, wrong, workerKills, redisKills } = report
    assert.deepEqual(
      { lost, doubled, wrong, workerKills, redisKills },
      { lost: 0, doubled: 0, wrong: 0, workerKills: 8, redisKills: 3 },
    )
  })
}
