/** `toolkit search-worker` with an evaluator that trains nothing; the arguments are the command's. */
import { searchWorkerCommand } from '../../../src/commands/search/worker.js'
import { isUserError } from '../../../src/shared/errors.js'

const module = new URL('../search/fake-evaluator.js', import.meta.url)
try {
  await searchWorkerCommand(module).parseAsync(process.argv.slice(2), { from: 'user' })
} catch (error) {
  console.error(isUserError(error) ? error.message : error)
  process.exitCode = 1
}
