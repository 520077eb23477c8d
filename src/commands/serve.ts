import { Command, Option } from '@commander-js/extra-typings'
import {
  closeOnSignal,
  curlExamples,
  logToStderr,
  noLog,
  serverDefaults,
  startServer,
} from '../../serve/index.js'
import { wholeNumber } from './shared/flags.js'

const help = `
A model file says what it is (task, labels, input size); nothing else is needed. Classifiers answer POST /classify,
detectors POST /detect; if several models have the same task, choose one with ?model=NAME. Open / in a browser to try
them.

Examples:
  $ toolkit serve model.onnx
  $ toolkit serve model.onnx detector.onnx --port 3000 --host 0.0.0.0

  $ curl -F image=@photo.jpg 'http://127.0.0.1:8080/classify?top=3'
  $ curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' 'http://127.0.0.1:8080/detect?minScore=0.5&max=20'
  $ curl -F image=@photo.jpg 'http://127.0.0.1:8080/detect?draw=1' -o boxes.png

GET /models lists the models; GET /healthz says whether requests can be answered. Errors are application/problem+json.
Ctrl-C and SIGTERM stop accepting requests; those accepted before are answered within 8 s, if necessary with 503.

Uploads are decoded in separate processes. Pictures that are large or costly to decode are decoded one at a time and may
take three quarters of the deadline; ordinary pictures do not wait for them. Parameters may also be sent as text fields
of a form (-F top=3).`

/** `toolkit serve model.onnx [more.onnx…]` */
export function serveCommand() {
  return new Command('serve')
    .argument('<model.onnx...>', 'models written by "toolkit export"')
    .addOption(
      new Option('--port <port>', 'port to listen on; 0: any free one')
        .argParser(wholeNumber(0, 65535))
        .default(serverDefaults.port)
        .env('TOOLKIT_PORT'),
    )
    .addOption(
      new Option('--host <host>', 'address to listen on; 0.0.0.0: all')
        .default(serverDefaults.host)
        .env('TOOLKIT_HOST'),
    )
    .option(
      '--workers <n>',
      'inference workers for each model, 1 to 256 (default: one for each core, up to 4; then one for every 4 cores)',
      wholeNumber(1, 256),
    )
    .option(
      '--threads <n>',
      'processor threads for each of these (default: the cores, shared equally)',
      wholeNumber(1, 1024),
    )
    .option(
      '--max-batch <n>',
      'images that a worker computes at once (default: as many as take 50 ms, at most 16)',
      wholeNumber(1, 1024),
    )
    .option(
      '--max-wait-ms <ms>',
      'how long an idle worker waits for further images of a batch (default: 0)',
      wholeNumber(0, 60_000),
    )
    .option('--max-bytes <n>', 'largest upload in bytes', wholeNumber(1), serverDefaults.maxBytes)
    .option(
      '--max-pixels <n>',
      'largest picture in pixels (width × height)',
      wholeNumber(1),
      serverDefaults.maxPixels,
    )
    .option(
      '--queue <n>',
      'requests that may wait for each model; more are answered with 503',
      wholeNumber(0),
      serverDefaults.queue,
    )
    .option(
      '--decoders <n>',
      'processes that decode pictures, 2 to 256',
      wholeNumber(2, 256),
      serverDefaults.decoders,
    )
    .option(
      '--deadline <seconds>',
      'time to answer a request after its arrival, 1 to 3600; later it is answered with 503',
      wholeNumber(1, 3600),
      serverDefaults.deadline,
    )
    .option('--quiet', 'do not log requests on stderr')
    .addHelpText('after', help)
    .action(async (models, { quiet, ...flags }) => {
      const server = await startServer({ models, ...flags, log: quiet ? noLog : logToStderr })
      console.log(`Serving ${server.models.map(({ name }) => name).join(', ')} at ${server.url}`)
      const { selfContained, file, draw } = curlExamples(server.url, server.models)
      console.log(`Try it now:           ${selfContained}`)
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
