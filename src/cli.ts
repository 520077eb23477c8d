/**
 * The command line: which commands there are. Only the command that is asked for is loaded, so that
 * `toolkit serve` and `toolkit detect` start without the training engine and `toolkit --help` without anything.
 */
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { usageError } from './commands/shared/flags.js'
import { isUserError } from './shared/errors.js'
import { fileError } from './shared/files.js'
import { packageVersion } from './shared/package-root.js'

interface Entry {
  description: string
  load: () => Promise<CommandUnknownOpts>
  /** What it makes is served or lies in files: it goes on when nobody reads, or no disk holds, what it prints. */
  outlivesReaders?: true
}

const commands: Record<string, Entry> = {
  start: {
    description: 'train a small NASNet on the embedded data set and serve it, as "npm start" does',
    load: async () => (await import('./commands/start.js')).startCommand(),
    outlivesReaders: true,
  },
  datasets: {
    description: 'download, view and check data sets',
    load: async () => (await import('./commands/datasets/datasets.js')).datasetsCommand(),
    outlivesReaders: true,
  },
  'download-weights': {
    description: 'download published weights of NASNet and of its COCO detector',
    load: async () => (await import('./commands/weights/download-weights.js')).downloadWeightsCommand(),
    outlivesReaders: true,
  },
  'train-backbone': {
    description: 'train an image classifier',
    load: async () => (await import('./commands/train/train-backbone.js')).trainBackboneCommand(),
    outlivesReaders: true,
  },
  'finetune-coco': {
    description: 'train a detector on a classifier’s backbone, on COCO or other images with COCO annotations',
    load: async () => (await import('./commands/train/finetune-coco.js')).finetuneCocoCommand(),
    outlivesReaders: true,
  },
  'search-worker': {
    description: 'train and evaluate children of a search that runs on another machine',
    load: async () => (await import('./commands/search/worker.js')).searchWorkerCommand(),
    outlivesReaders: true,
  },
  evaluate: {
    description: 'evaluate a run or an exported model on labelled images',
    load: async () => (await import('./commands/evaluate/evaluate.js')).evaluateCommand(),
  },
  'evaluate-detections': {
    description: 'evaluate boxes, masks or keypoints by COCO’s average precision',
    load: async () => (await import('./commands/evaluate/detections.js')).evaluateDetectionsCommand(),
  },
  describe: {
    description: 'show the cells, shapes, parameters and multiply-adds of a network',
    load: async () => (await import('./commands/describe.js')).describeCommand(),
  },
  draw: {
    description: 'draw the cells of a network as graphs',
    load: async () => (await import('./commands/draw.js')).drawCommand(),
  },
  'import-weights': {
    description: 'make a run of weights that TF-Slim, Keras or timm have written',
    load: async () => (await import('./commands/weights/import-weights.js')).importWeightsCommand(),
  },
  export: {
    description: 'export a run as one ONNX file',
    load: async () => (await import('./commands/export.js')).exportCommand(),
  },
  plot: {
    description: 'plot the training curves of runs',
    load: async () => (await import('./commands/plot.js')).plotCommand(),
  },
  search: {
    description: 'search cells: propose networks, train and evaluate them, learn from their accuracy',
    load: async () => (await import('./commands/search/search.js')).searchCommand(),
    outlivesReaders: true,
  },
  'search-report': {
    description: 'report on searches on one page: rewards, best cells, operations, time',
    load: async () => (await import('./commands/search/report.js')).searchReportCommand(),
  },
  'compare-cells': {
    description: 'train networks of different cells at equal cost and for equally long, and rank them',
    load: async () => (await import('./commands/search/compare-cells.js')).compareCellsCommand(),
    outlivesReaders: true,
  },
  detect: {
    description: 'find objects in images with an exported detector',
    load: async () => (await import('./commands/detect.js')).detectCommand(),
  },
  serve: {
    description: 'serve exported classifiers and detectors over HTTP',
    load: async () => (await import('./commands/serve.js')).serveCommand(),
    outlivesReaders: true,
  },
}

/** Runs the command line and returns the exit code: 0, 1 after an error, 2 for wrong usage. */
export async function main(argv: string[]): Promise<number> {
  const program = new Command('toolkit')
    .description('Search, train, export and serve NASNet image classifiers and detectors')
    .version(packageVersion())
    .showHelpAfterError('(see "toolkit --help" and "toolkit COMMAND --help")')
    .configureOutput({ outputError: (text, write) => write(usageError(text)) })
    .exitOverride()
  const [first, second] = argv
  const chosen = first === 'help' ? second : first
  try {
    for (const [name, { description, load }] of Object.entries(commands)) {
      if (name === chosen) program.addCommand(inherit((await load()).description(description), program))
      else program.command(name).description(description)
    }
    await program.parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof Error)) throw error
    if (isModuleMissing(error)) console.error(partsMissing(chosen, error))
    else console.error(isUserError(error) ? error.message : error)
    return 1
  }
}

const isModuleMissing = (error: Error): boolean =>
  (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'

function partsMissing(command: string, { message }: Error): string {
  const [what] = message.split(' imported from ')
  return (
    `This installation lacks parts that ${command} needs (${what}): the container image has those of serve and detect ` +
    'only. Install the whole toolkit with npm, or, in a clone, run npm ci and npm run build.'
  )
}

/** The program's settings for a command and all below it. */
function inherit(command: CommandUnknownOpts, from: CommandUnknownOpts): CommandUnknownOpts {
  command.copyInheritedSettings(from)
  for (const child of command.commands) inherit(child, command)
  return command
}

const goesOn = commands[process.argv[2]]?.outlivesReaders === true
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (goesOn) return
  // The reader of the output may stop early, as `head` does.
  if (error.code === 'EPIPE') process.exit()
  console.error(fileError('write', 'the output', error).message)
  process.exit(1)
})
// There is no other place to report it.
process.stderr.on('error', () => {})

const code = await main(process.argv.slice(2))
// An interrupted command has set its own.
process.exitCode ??= code
