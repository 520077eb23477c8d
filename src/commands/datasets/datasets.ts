import { Command } from '@commander-js/extra-typings'
import { fetchCommand } from './fetch.js'
import { inspectCommand } from './inspect.js'
import { previewCommand } from './preview.js'
import { scenesCommand } from './scenes.js'

/** `toolkit datasets fetch | preview | inspect | scenes` */
export function datasetsCommand() {
  return new Command('datasets')
    .addCommand(fetchCommand())
    .addCommand(previewCommand())
    .addCommand(inspectCommand())
    .addCommand(scenesCommand())
}
