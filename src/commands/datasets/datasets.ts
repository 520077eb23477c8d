import { Command } from '@commander-js/extra-typings'
import { convertCommand } from './convert.js'
import { fetchCommand } from './fetch.js'
import { inspectCommand } from './inspect.js'
import { previewCommand } from './preview.js'
import { scenesCommand } from './scenes.js'
import { splitCommand } from './split.js'

/** `toolkit datasets fetch | preview | inspect | scenes | convert | split` */
export function datasetsCommand() {
  return new Command('datasets')
    .addCommand(fetchCommand())
    .addCommand(previewCommand())
    .addCommand(inspectCommand())
    .addCommand(scenesCommand())
    .addCommand(convertCommand())
    .addCommand(splitCommand())
}
