/**
 * The command line. Only the command that is asked for is loaded, so that `toolkit serve` and `toolkit detect` start
 * without the training engine and `toolkit --help` without anything.
 */
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { commands } from './commands/commands.js'
import { usageError } from './commands/shared/flags.js'
import { isUserError } from './shared/errors.js'
import { fileError } from './shared/files.js'
import { packageVersion } from './shared/package-root.js'

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
