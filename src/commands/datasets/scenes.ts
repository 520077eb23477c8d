import { join } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { writeScenes } from '../../../datasets/detection/write-scenes.js'
import { liveLine } from '../../shared/live-line.js'
import { plural } from '../../shared/text.js'
import { wholeNumber } from '../shared/flags.js'
import { interruptible } from '../shared/interrupt.js'
import { json } from '../shared/options.js'
import { say } from '../shared/say.js'

const help = `
Emoji of ten classes over painted backgrounds, with boxes, masks and crowds in COCO's format. Test scenes show
drawings by an artist, and kinds of backgrounds, that the training scenes do not show. Equal seeds give equal scenes.

--json prints {"folder", "train", "test", "annotations": {"train", "test"}}: the folder, the numbers of scenes and the
paths of the annotations.

Examples:
  $ toolkit datasets scenes --out scenes
  $ toolkit datasets inspect scenes/annotations/train.json --images scenes/train --draw sheet.png`

/** `toolkit datasets scenes --out DIR` */
export function scenesCommand() {
  return new Command('scenes')
    .description('write the embedded detection data set as images and COCO annotations')
    .requiredOption('--out <folder>', 'a new folder for train/, test/ and annotations/')
    .option('--train <n>', 'training scenes', wholeNumber(1, 999_999), 2000)
    .option('--test <n>', 'test scenes', wholeNumber(1, 999_999), 400)
    .option('--size <pixels>', 'height and width of the scenes, 64 to 1024', wholeNumber(64, 1024), 224)
    .option('--seed <n>', 'seed of the scenes', wholeNumber(0, 2 ** 31), 0)
    .addOption(json)
    .addHelpText('after', help)
    .action(async ({ out, json, ...options }) => {
      const { train, test } = options
      const line = liveLine(process.stderr)
      const onProgress = (done: number, count: number) =>
        line.show(() => `scenes  ${done} of ${count}  ${Math.floor((100 * done) / count)} %`, done === count)
      const written = await interruptible(
        (signal) => writeScenes(out, { ...options, onProgress, signal }),
        () => {},
      ).finally(line.end)
      if (!written) return say('Stopped; nothing was kept.')
      const [ofTrain, ofTest] = ['train', 'test'].map((part) => join(out, 'annotations', `${part}.json`))
      if (json) {
        const annotations = { train: ofTrain, test: ofTest }
        console.log(JSON.stringify({ folder: out, train, test, annotations }))
        return
      }
      console.log(`${train} training and ${plural(test, 'test scene')} are in ${out}.`)
      console.log(
        `Look at them: toolkit datasets inspect ${ofTrain} --images ${join(out, 'train')} --draw sheet.png`,
      )
    })
}
