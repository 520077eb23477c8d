import { Command } from 'commander'
import { fetchCommand } from './fetch.js'
import { inspectCommand } from './inspect.js'
import { previewCommand } from './preview.js'
import { scenesCommand } from './scenes.js'

/** `toolkit datasets fetch | preview | inspect | scenes` */
export function datasetsCommand(): Command {
  return new Command('datasets')
    .description('fetch, look at and check data sets')
    .addCommand(fetchCommand())
    .addCommand(previewCommand())
    .addCommand(inspectCommand())
    .addCommand(scenesCommand())
}
