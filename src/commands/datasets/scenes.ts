import { join } from 'node:path'
import { Command } from 'commander'
import { writeScenes } from '../../../datasets/detection/write-scenes.js'
import { interruptible } from '../shared/interrupt.js'
import { liveLine } from '../shared/live-line.js'
import { wholeNumber } from './numbers.js'

interface Flags {
  out: string
  train: number
  test: number
  size: number
  seed: number
}

const help = `
Emoji of ten classes over painted backgrounds, with boxes, masks and crowds in COCO's format. Test scenes show
drawings by an artist, and kinds of backgrounds, that the training scenes never show. The same seed gives the same
scenes.

Examples:
  $ toolkit datasets scenes --out scenes
  $ toolkit datasets inspect scenes/annotations/train.json --images scenes/train --draw sheet.png`

/** `toolkit datasets scenes --out DIR` */
export function scenesCommand(): Command {
  return new Command('scenes')
    .description('write the embedded detection data set as images and COCO annotations')
    .requiredOption('--out <folder>', 'a new folder for train/, test/ and annotations/')
    .option('--train <n>', 'training scenes', wholeNumber(1, 999_999), 2000)
    .option('--test <n>', 'test scenes', wholeNumber(1, 999_999), 400)
    .option('--size <pixels>', 'height and width of the scenes', wholeNumber(64, 1024), 224)
    .option('--seed <n>', 'another seed gives other scenes', wholeNumber(0, 2 ** 31), 0)
    .addHelpText('after', help)
    .action(async ({ out, ...options }: Flags) => {
      const line = liveLine(process.stderr)
      const onProgress = (done: number, count: number) =>
        line.show(() => `scenes  ${done} of ${count}  ${Math.floor((100 * done) / count)} %`, done === count)
      const written = await interruptible(
        (signal) => writeScenes(out, { ...options, onProgress, signal }),
        () => {},
      ).finally(line.end)
      if (!written) return console.error('Stopped; nothing was kept.')
      console.log(`${options.train} training and ${options.test} test scenes are in ${out}.`)
      console.log(
        `Look at them: toolkit datasets inspect ${join(out, 'annotations', 'train.json')} ` +
          `--images ${join(out, 'train')} --draw sheet.png`,
      )
    })
}
