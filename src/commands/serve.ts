import { Command, Option } from '@commander-js/extra-typings'
import type * as z from 'zod/mini'
import { fromText } from '../../serve/config/from-text.js'
import { configLines, describeConfig } from '../../serve/config/print-config.js'
import { type SettingName, serverDefaults, settingNames, settingOf } from '../../serve/config/settings.js'
import {
  closeOnSignal,
  curlExamples,
  type LoadedConfig,
  loadConfig,
  noLog,
  openLog,
  type RunningServer,
  startServer,
} from '../../serve/index.js'
import { validate } from '../shared/validation.js'
import { WrongValue } from './shared/flags.js'

const help = `
A model file says what it is (task, labels, input size); nothing else is needed. Classifiers answer POST /classify,
detectors POST /detect; if several models have the same task, choose one with ?model=NAME. Open / in a browser to try
them, /docs to read about all paths, parameters and answers.

Examples:
  $ toolkit serve model.onnx
  $ toolkit serve model.onnx detector.onnx --port 3000 --host 0.0.0.0
  $ toolkit serve model.onnx --host 0.0.0.0 --api-keys keys.txt --rate-limit 600
  $ toolkit serve --config serve.json --print-config

  $ curl -F image=@photo.jpg 'http://127.0.0.1:8080/classify?top=3'
  $ curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' 'http://127.0.0.1:8080/detect?minScore=0.5&max=20'
  $ curl -F image=@photo.jpg 'http://127.0.0.1:8080/detect?draw=1' -o boxes.png
  $ curl -F images=@a.jpg -F images=@b.jpg http://127.0.0.1:8080/classify

Every setting can be given in four places; the first that has it counts:
  flag         --max-bytes 1000000
  environment  TOOLKIT_SERVE_MAX_BYTES=1000000
  file         {"models": ["model.onnx"], "maxBytes": 1000000}  with --config serve.json or TOOLKIT_SERVE_CONFIG;
               its paths are relative to its folder
  default      as above
--print-config shows what is in force and where it is from, and starts nothing. API keys themselves may be in
TOOLKIT_SERVE_API_KEYS, with commas between them.

GET /models lists the models, GET /metrics has figures for Prometheus; GET /livez says that the process lives, GET
/readyz and GET /healthz that requests can be answered. Programs made for KServe or Triton find the Open Inference
Protocol at /v2. Errors are application/problem+json. Ctrl-C and SIGTERM stop accepting requests; those accepted before
are answered within 8 s, if necessary with 503.

Uploads are decoded in separate processes. Pictures that are large or costly to decode are decoded one at a time and may
take three quarters of the deadline; ordinary pictures do not wait for them. Parameters may also be sent as text fields
of a form (-F top=3).

--json prints, with --print-config, one object: for each setting its value and where it is from.`

/** `toolkit serve model.onnx [more.onnx…]` */
export function serveCommand() {
  const command = new Command('serve').argument('[model.onnx...]', 'models written by "toolkit export"')
  for (const name of settingNames) {
    const { flag } = settingOf(name)
    if (flag !== undefined) command.addOption(optionOf(name, flag))
  }
  return command
    .option('--config <file>', 'JSON file of settings')
    .option('--print-config', 'show all settings and where they are from, and do not start')
    .option('--json', 'print the settings as JSON')
    .addHelpText('after', help)
    .action(async (models, { printConfig, json, config, ...flags }) => {
      const given = models.length > 0 ? { models } : {}
      const loaded = await loadConfig({ ...settingsOf(flags), ...given, config }, process.env)
      if (printConfig) printSettings(loaded, json === true)
      else await serve(loaded)
    })
}

/** The flag of a setting, with the setting's own rules and default. */
function optionOf(name: SettingName, flag: string): Option {
  const { help: words, schema } = settingOf(name)
  const usual = (serverDefaults as Partial<Record<SettingName, unknown>>)[name]
  const isPlain = usual === undefined || typeof usual === 'boolean'
  const option = new Option(flag, isPlain ? words : `${words} (default: ${usual})`)
  if (flag.includes('<'))
    option.argParser((text) =>
      validate(schema as z.ZodMiniType, fromText(schema, text), {
        errorOf: (sentence) => new WrongValue(sentence.replace(/^.*?, but must be /s, '')),
      }),
    )
  return option
}

/** The given flags by the names of their settings, which differ where a shorter flag is clearer. */
function settingsOf(flags: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    settingNames.flatMap((name) => {
      const { flag } = settingOf(name)
      const value = flag === undefined ? undefined : flags[new Option(flag).attributeName()]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function printSettings(loaded: LoadedConfig, asJson: boolean): void {
  if (asJson) console.log(JSON.stringify(describeConfig(loaded), null, 2))
  else for (const line of configLines(loaded)) console.log(line)
}

async function serve({ values: { logFormat, quiet, ...options } }: LoadedConfig): Promise<void> {
  const server = await startServer({ ...options, log: quiet ? noLog : openLog(logFormat) })
  printAddresses(server)
  if (options.apiKeysFile !== undefined || options.apiKeys !== undefined)
    console.log("Each request needs a key: add -H 'Authorization: Bearer KEY'")
  await closeOnSignal(server)
}

function printAddresses({ models, url, unverified }: RunningServer): void {
  console.log(`Serving ${models.map(({ name }) => name).join(', ')} at ${url}`)
  const { selfContained, file, draw } = curlExamples(url, models)
  console.log(`Try it now:           ${selfContained}`)
  console.log(`With your own image:  ${file}`)
  if (draw !== undefined) console.log(`With boxes drawn:     ${draw}`)
  console.log(`In a browser:         ${url}`)
  for (const path of unverified)
    console.log(
      `Note: ${path} has no checksum, so damage to it may go unnoticed; export it again to add one.`,
    )
}
