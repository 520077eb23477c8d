/** The log on stderr, whatever becomes of its reader or its disk. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { describe, it } from 'node:test'

const log = new URL('../../serve/log.js', import.meta.url).href

/** Runs a program that logs; its own news come on stdout. */
function program(body: string, stderr: 'pipe' | number) {
  const text = `import { logToStderr as log } from '${log}'
    const say = (text) => new Promise((resolve) => process.stdout.write(text + '\\n', resolve))
    const heard = () => new Promise((resolve) => process.stdin.once('data', resolve))
    ${body}
    process.exit(0)`
  return spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['pipe', 'pipe', stderr] })
}

async function exitCode(child: ReturnType<typeof program>): Promise<unknown> {
  return (await once(child, 'exit'))[0]
}

describe('logToStderr', () => {
  it('goes on when its reader has gone', async () => {
    const child = program(
      `await say('ready'); await heard()
       for (let i = 0; i < 5; i++) { log({ i }); await new Promise((resolve) => setImmediate(resolve)) }`,
      'pipe',
    )
    await once(child.stdout!, 'data')
    child.stderr!.destroy()
    await once(child.stderr!, 'close')
    child.stdin!.write('go')
    assert.equal(await exitCode(child), 0)
  })

  it('goes on when the disk is full', { skip: !existsSync('/dev/full') }, async () => {
    const full = openSync('/dev/full', 'w')
    const child = program(`for (let i = 0; i < 5; i++) { log({ i }); await say('alive') }`, full)
    assert.equal(await exitCode(child), 0)
    closeSync(full)
  })

  it('drops and counts lines that nobody reads, instead of keeping them all', async () => {
    const child = program(
      `for (let i = 0; i < 20_000; i++) log({ i, text: 'x'.repeat(1000) })
       await say(String(process.stderr.writableLength)); await heard()
       while (process.stderr.writableLength > 0) await new Promise((resolve) => setTimeout(resolve, 5))
       log({ last: true })
       while (process.stderr.writableLength > 0) await new Promise((resolve) => setTimeout(resolve, 5))`,
      'pipe',
    )
    const [waiting] = await once(child.stdout!, 'data')
    assert.ok(Number(waiting) > 0 && Number(waiting) < 1.01 * 2 ** 20, `${waiting} bytes wait`)
    child.stdin!.write('go')
    let text = ''
    for await (const chunk of child.stderr!.setEncoding('utf8')) text += chunk
    const entries = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const written = entries.filter(({ i }) => i !== undefined).length
    assert.ok(written < 20_000)
    assert.equal(entries.at(-2).message, `${20_000 - written} lines were dropped because they were not read.`)
    assert.equal(entries.at(-1).last, true)
  })
})
