import { Command } from 'commander'
import { fetchCommand } from './datasets-fetch.js'
import { inspectCommand } from './datasets-inspect.js'
import { previewCommand } from './datasets-preview.js'
import { scenesCommand } from './datasets-scenes.js'

/** `toolkit datasets fetch | preview | inspect | scenes` */
export function datasetsCommand(): Command {
  return new Command('datasets')
    .description('fetch, look at and check data sets')
    .addCommand(fetchCommand())
    .addCommand(previewCommand())
    .addCommand(inspectCommand())
    .addCommand(scenesCommand())
}
