import { Command, InvalidArgumentError, Option } from 'commander'
import {
  closeOnSignal,
  curlExamples,
  logToStderr,
  noLog,
  serverDefaults,
  startServer,
} from '../../serve/index.js'

/** A whole number from `least` to `most`, for a flag. */
function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `Give a whole number from ${least} on.`
        : `Give a whole number from ${least} to ${most}.`,
    )
  }
}

const help = `
A model file says by itself what it is (task, labels, input size); nothing is needed beside it. Classifiers answer
POST /classify, detectors POST /detect; with several for one task, choose with ?model=NAME. A browser finds a page at /
to try them on.

Examples:
  $ toolkit serve model.onnx
  $ toolkit serve model.onnx detector.onnx --port 3000 --host 0.0.0.0

  $ curl -F image=@photo.jpg 'http://127.0.0.1:8080/classify?top=3'
  $ curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' 'http://127.0.0.1:8080/detect?minScore=0.5&max=20'
  $ curl -F image=@photo.jpg 'http://127.0.0.1:8080/detect?draw=1' -o boxes.png

GET /models lists the models, GET /healthz tells whether requests can be answered. Errors are
application/problem+json. Ctrl-C and SIGTERM stop accepting; what was accepted is answered within 8 s, if need be with 503.

Uploads are decoded in processes of their own. One picture that is large or costly to decode is decoded at a time, and
may take three quarters of the deadline; ordinary ones pass it. A form may carry parameters as text fields (-F top=3).`

interface Flags {
  port: number
  host: string
  threads?: number
  workers: number
  maxBytes: number
  maxPixels: number
  queue: number
  decoders: number
  deadline: number
  quiet?: boolean
}

/** `toolkit serve model.onnx [more.onnx…]` */
export function serveCommand(): Command {
  return new Command('serve')
    .description('serve exported classifiers and detectors over HTTP')
    .argument('<model.onnx...>', 'models written by "toolkit export"')
    .addOption(
      new Option('--port <port>', 'port to listen on; 0 takes any free one')
        .argParser(wholeNumber(0, 65535))
        .default(serverDefaults.port)
        .env('TOOLKIT_PORT'),
    )
    .addOption(
      new Option('--host <host>', 'address to listen on; 0.0.0.0 for all')
        .default(serverDefaults.host)
        .env('TOOLKIT_HOST'),
    )
    .option('--workers <n>', 'worker threads for each model', wholeNumber(1, 256), serverDefaults.workers)
    .option(
      '--threads <n>',
      'threads that each worker computes with (default: share the processors)',
      wholeNumber(1, 1024),
    )
    .option('--max-bytes <n>', 'largest upload, in bytes', wholeNumber(1), serverDefaults.maxBytes)
    .option('--max-pixels <n>', 'largest picture, width × height', wholeNumber(1), serverDefaults.maxPixels)
    .option('--queue <n>', 'requests that may wait for each model', wholeNumber(0), serverDefaults.queue)
    .option(
      '--decoders <n>',
      'processes that decode pictures, 2 or more',
      wholeNumber(2, 256),
      serverDefaults.decoders,
    )
    .option(
      '--deadline <seconds>',
      'a request is answered within this time of its arrival, if need be with 503',
      wholeNumber(1, 3600),
      serverDefaults.deadline,
    )
    .option('--quiet', 'no request log on stderr')
    .addHelpText('after', help)
    .action(async (models: string[], { quiet, ...flags }: Flags) => {
      const server = await startServer({ models, ...flags, log: quiet ? noLog : logToStderr })
      console.log(`Serving ${server.models.map(({ name }) => name).join(', ')} at ${server.url}`)
      const { selfContained, file, draw } = curlExamples(server.url, server.models)
      console.log(`Try it at once:       ${selfContained}`)
      console.log(`With your own image:  ${file}`)
      if (draw !== undefined) console.log(`With boxes drawn:     ${draw}`)
      console.log(`In a browser:         ${server.url}`)
      for (const path of server.unverified)
        console.log(
          `Note: ${path} has no checksum, so damage to it may go unnoticed; export it again to add one.`,
        )
      await closeOnSignal(server)
    })
}
