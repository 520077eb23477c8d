/** Starting: model files and addresses that cannot be served, and the command as a process of its own. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { until } from '../helpers/search/processes.js'
import { type Answer, golden, json, post, quadrantImage, start } from '../helpers/serve/support.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

describe('starting a server', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serve-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('refuses models that it cannot serve, naming the file', async () => {
    const whole = await readFile(golden('quadrants.onnx'))
    const cut = join(folder, 'cut.onnx')
    await writeFile(cut, whole.subarray(0, 100))
    const text = join(folder, 'text.onnx')
    await writeFile(text, 'this is a text, not a model')
    // The card is whole, the graph is not: only loading it can tell.
    const damaged = join(folder, 'damaged.onnx')
    await writeFile(damaged, Buffer.from(whole.toString('latin1').replace('Softmax', 'Softmix'), 'latin1'))
    // As long as the right number, since a card stands among lengths.
    const detector = await readFile(golden('detector.onnx'), 'latin1')
    const otherSize = join(folder, 'other-size.onnx')
    await writeFile(otherSize, detector.replace('[48, 64]', '[84, 64]'), 'latin1')
    const cases: [file: string, reason: RegExp][] = [
      [join(folder, 'missing.onnx'), /missing\.onnx: there is no such file/],
      [folder, /it is not a file/],
      [text, /text\.onnx: .*not an ONNX file/],
      [cut, /cut\.onnx: it is cut off/],
      [golden('no-card.onnx'), /no-card\.onnx: it carries no "task"/],
      [damaged, /damaged\.onnx cannot be run: .*Softmix/],
      [
        golden('mislabelled.onnx'),
        /mislabelled\.onnx .*"probabilities" is float32 \[1, 12\], not float32 \[1, 3\] as its labels say/,
      ],
      [golden('other-input.onnx'), /other-input\.onnx .*it takes "pictures"/],
      [otherSize, /other-size\.onnx .*it takes uint8 \[1, 48, 64, 3\], not uint8 \[1, 84, 64, 3\]/],
      [
        golden('says-detector.onnx'),
        /returns "probabilities", not "images" and "boxes", "scores", "classes" as a model for detection does/,
      ],
      [
        golden('says-classifier.onnx'),
        /returns "boxes", "scores", "classes", not "images" and "probabilities" as a model for classification/,
      ],
      [golden('no-batch.onnx'), /"boxes" is float32 \[5, 4\], not float32 \[1, 5, 4\]/],
      [golden('int64-classes.onnx'), /"classes" is int64 \[1, 5\], not int32 \[1, 5\]/],
      [golden('unlabelled.onnx'), /it returned the class 2, but its card has 2 labels \(from 0\)/],
    ]
    for (const [file, reason] of cases) await assert.rejects(start({ models: [file] }), reason)
    await assert.rejects(start({ models: [golden('slow.onnx'), golden('slow.onnx')] }), /both named "slow"/)
  })

  it('says what is wrong with an address', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await assert.rejects(
      start({ port }),
      new RegExp(`Cannot listen on port ${port} of 127.0.0.1: it is in use`),
    )
    other.close()
    await assert.rejects(start({ host: '203.0.113.1' }), /no such address/)
  })
})

describe('toolkit serve', () => {
  const command = new URL('../../src/commands/serve.js', import.meta.url).href
  const program = `import { serveCommand } from '${command}'
    await serveCommand().parseAsync(process.argv.slice(1), { from: 'user' }).catch((error) => {
      console.error(error.name + ': ' + error.message)
      process.exitCode = 1
    })`
  const nodeArguments = (flags: string[]) => ['--input-type=module', '-e', program, '--', ...flags]

  const children: ChildProcess[] = []
  let home: string
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'home-'))
  })
  after(async () => {
    // A test that fails leaves its server running, which would keep this process alive.
    for (const child of children) child.kill('SIGKILL')
    await rm(home, { recursive: true })
  })

  /** Starts the command and waits for the address that it prints. */
  const run = async (...flags: string[]) => {
    const { CI, ORT_DISABLE_TELEMETRY, ...environment } = process.env
    const child = spawn(process.execPath, nodeArguments(['--port', '0', ...flags]), {
      env: { ...environment, HOME: home, XDG_CACHE_HOME: '' },
    })
    children.push(child)
    let out = ''
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      log += chunk
    })
    for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      out += chunk
      if (/In a browser: .*\n/.test(out)) break
    }
    const url = /http:\/\/[^/'\s]+/.exec(out)?.[0] ?? assert.fail(out + log)
    const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal, log }))
    return { child, url, out, ended }
  }

  it('prints a line that works in a shell, logs requests, and ends with 0 on SIGTERM', async () => {
    const { child, url, out, ended } = await run(golden('quadrants.onnx'))
    const line = /Try it now: +(.*)/.exec(out)![1]
    const { stdout } = await promisify(execFile)('sh', ['-c', line])
    assert.equal((JSON.parse(stdout) as Answer).model, 'quadrants')
    const answer = await json<Answer>(
      await post(`${url}/classify`, await quadrantImage(24, 16).png().toBuffer()),
    )
    assert.equal(answer.predictions[0].label, 'bottom left blue')
    child.kill('SIGTERM')
    const { code, log } = await ended
    assert.equal(code, 0, log)
    const entries = log
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text))
    assert.deepEqual(
      entries.map(({ method, path, status }) => [method, path, status]),
      [
        ['POST', '/classify', 200],
        ['POST', '/classify', 200],
      ],
    )
  })

  it('serves classifiers and detectors side by side, and prints how to have boxes drawn', async (t) => {
    const { child, out, ended } = await run(golden('quadrants.onnx'), golden('detector.onnx'), '--quiet')
    assert.match(out, /^Serving quadrants, detector at http:/)
    const folder = await temporaryFolder(t)
    const photo = await quadrantImage(320, 240).jpeg().toBuffer()
    await writeFile(join(folder, 'photo.jpg'), photo)
    const lineFor = (hint: string) => new RegExp(`^${hint}: +(curl .*)$`, 'm').exec(out)![1]
    const shell = (line: string) => promisify(execFile)('sh', ['-c', line], { cwd: folder })
    const { stdout } = await shell(lineFor('With your own image'))
    assert.equal((JSON.parse(stdout) as Answer).model, 'quadrants')
    await shell(lineFor('With boxes drawn'))
    const { format, width, height } = await sharp(join(folder, 'boxes.png')).metadata()
    assert.deepEqual([format, width, height], ['png', 320, 240])
    child.kill('SIGTERM')
    assert.equal((await ended).code, 0)
  })

  /** A request whose last byte is held back, once the server has begun to read it. */
  const upload = async (url: string, picture: Buffer) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname).setEncoding('latin1')
    const head = `POST /classify HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: image/png\r\nExpect: 100-continue`
    socket.write(`${head}\r\nContent-Length: ${picture.length}\r\n\r\n`)
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 100 Continue/)
    socket.write(picture.subarray(0, -1))
    let answer = ''
    socket.on('data', (text) => {
      answer += text
    })
    const ended = once(socket, 'close').then(() => answer)
    return { finish: () => socket.write(picture.subarray(-1)), ended }
  }

  /** Whether nobody listens there any more. */
  const isClosed = async (url: string): Promise<boolean> => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    try {
      await once(socket, 'connect')
      return false
    } catch {
      return true
    } finally {
      socket.destroy()
    }
  }

  it('finishes what is in flight on SIGINT, and stops at once on the second', async () => {
    const picture = await quadrantImage(24, 16).png().toBuffer()
    const patient = await run(golden('quadrants.onnx'), '--quiet', '--threads', '1')
    const inFlight = await upload(patient.url, picture)
    patient.child.kill('SIGINT')
    await until('it takes nothing new', () => isClosed(patient.url))
    inFlight.finish()
    const answer = await inFlight.ended
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
    assert.equal((JSON.parse(answer.split('\r\n\r\n')[1]) as Answer).predictions.length, 5)
    assert.deepEqual(await patient.ended, { code: 0, signal: null, log: '' })

    const hasty = await run(golden('quadrants.onnx'), '--quiet', '--threads', '1')
    const cut = await upload(hasty.url, picture)
    hasty.child.kill('SIGINT')
    await until('it takes nothing new', () => isClosed(hasty.url))
    hasty.child.kill('SIGINT')
    assert.equal((await hasty.ended).signal, 'SIGINT')
    assert.equal(await cut.ended, '')
  })

  it('reloads its models on SIGHUP, and says what became of them', async (t) => {
    const path = join(await temporaryFolder(t), 'model.onnx')
    await writeFile(path, await readFile(golden('quadrants.onnx')))
    const { child, url, ended } = await run(path)
    let log = ''
    child.stderr.on('data', (chunk) => {
      log += chunk
    })
    // Whoever is answered finds the signals handled.
    assert.equal((await fetch(`${url}/healthz`)).status, 200)
    child.kill('SIGHUP')
    await until('it is said', () => log.includes('has not changed'))
    await writeFile(path, await readFile(golden('brightness.onnx')))
    child.kill('SIGHUP')
    await until('it is said', () => log.includes('brightness answers with version'))
    const { models } = await json<{ models: { name: string }[] }>(await fetch(`${url}/models`))
    assert.deepEqual(
      models.map(({ name }) => name),
      ['brightness'],
    )
    child.kill('SIGTERM')
    assert.equal((await ended).code, 0)
  })

  it('leaves no trace at home, as the telemetry of ONNX Runtime would', async () => {
    const { child, ended } = await run(golden('quadrants.onnx'))
    child.kill('SIGTERM')
    await ended
    assert.deepEqual(await readdir(home), [])
  })

  it('tells mistakes in a sentence', async () => {
    const fails = async (...flags: string[]): Promise<string> => {
      const failure = await promisify(execFile)(process.execPath, nodeArguments(flags)).then(
        () => assert.fail('it should have failed'),
        (error: { code: number; stderr: string }) => error,
      )
      assert.equal(failure.code, 1)
      return failure.stderr
    }
    const [model, port, flag] = await Promise.all([
      fails(golden('says-detector.onnx')),
      fails(golden('quadrants.onnx'), '--port', '70000'),
      fails(golden('quadrants.onnx'), '--prot', '80'),
    ])
    assert.match(model, /^ServeError: .*says-detector\.onnx cannot be run: it takes "images" and returns/)
    assert.match(port, /must be a whole number from 0 to 65535/)
    assert.match(flag, /unknown option '--prot'/)
  })
})
