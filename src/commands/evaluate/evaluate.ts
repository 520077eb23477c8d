import { stat } from 'node:fs/promises'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { UserError } from '../../shared/errors.js'
import { fileError } from '../../shared/files.js'
import type { ModelCard } from '../../shared/model-card.js'
import { readModel } from '../../shared/read-model.js'
import { type AnyRunConfig, forTask, readAnyConfig, type TaskName } from '../../train/tasks.js'
import { evaluateClassifier } from './classifier.js'
import { evaluateDetectorOn } from './detector.js'
import { type EvaluateFlags, evaluateFlags } from './subject.js'

const help = `
A run is evaluated at its newest checkpoint, with the averaged weights if it keeps an average; a classifier's run that keeps
its best weights, with these.

Classifiers are evaluated on the data that they were trained on, unless --data names other images. If that data has
changed since the run began, a note says so. Images of folders and tar shards are decoded as they are used, so that any
number of them will do. --data takes what train-backbone takes, and also images without a train part: FOLDER/<class>/*.jpg,
FOLDER/val/<class>/*.jpg, ILSVRC2012_img_val.tar or a flat folder of its images beside LOC_val_solution.csv. Folders
named n01440764 are ImageNet's classes. An image that cannot be decoded ends the evaluation, unless --skip-unreadable.
Ctrl-C prints what was measured so far on stderr.

Detectors are evaluated on the validation images of their run, or on those of --data: a folder with annotations in the
format of COCO, YOLO, Pascal VOC or CSV (of several parts val, or else test), or images with --annotations. The categories
must be the detector's; --categories leaves others out. The results are COCO's twelve metrics, for all categories and
for each; then what kinds of errors cost most AP50 (as TIDE defines them), and the lowest score to accept. Into --out are
written detections.json (COCO's results format), evaluation.json, and pictures.html: precision and recall, errors by kind,
confusions, a lowest score for each category, and the worst and the best images.

--json prints, for classifiers, {"subject", "data", "split", "preprocessing", "flip", "images", "top1", "top5", "loss", "confusion",
"classes"}, with fractions from 0 to 1 and one row of the confusion matrix for each true class; of more than 100 classes,
"confusions" instead, a list of [true class, predicted class, images] without zeros; with --skip-unreadable also
"unreadable": {"count", "first"}; for detectors, {"images", "stats",
"names", "categories", "threshold", "thresholds", "errors", "confusion", "calibrationError", "notes", "out", …}, with the
twelve metrics in "stats" and their names in "names", and the score of the highest F1 in "threshold", for each category in
"thresholds".

Examples:
  $ toolkit evaluate runs/mine
  $ toolkit evaluate runs/mine --split validation --json
  $ toolkit evaluate model.onnx --data cifar10 --flip
  $ toolkit evaluate runs/nasnet-a-mobile --data imagenet/val
  $ toolkit evaluate runs/my-detector
  $ toolkit evaluate detector.onnx --data val2017 --annotations instances_val2017.json --limit 500
  $ toolkit evaluate detector.onnx --data my-yolo --categories person,dog
  $ toolkit evaluate detector.onnx --data embedded`

/** What a trained network is called, and the flags that only its evaluation takes, by task. */
const FOR_TASK: Record<TaskName, { noun: string; flags: readonly (keyof EvaluateFlags)[] }> = {
  classification: {
    noun: 'classifier',
    flags: ['dataDir', 'split', 'preprocessing', 'flip', 'skipUnreadable'],
  },
  detection: { noun: 'detector', flags: ['annotations', 'categories', 'format', 'out'] },
}

/** `toolkit evaluate RUN|model.onnx|detector.onnx` */
export function evaluateCommand() {
  return evaluateFlags()
    .addHelpText('after', help)
    .action(async (path, flags, self) => {
      const isFolder = (
        await stat(path).catch((error) => Promise.reject(fileError('read', path, error)))
      ).isDirectory()
      if (isFolder) {
        const config = await readAnyConfig(path)
        refuseOthers(path, config.task, self)
        await forTask<AnyRunConfig, Promise<void>>(config, {
          classification: (own) => evaluateClassifier({ path, config: own }, flags),
          detection: (own) => evaluateDetectorOn({ path, config: own }, flags),
        })
      } else {
        const { card, bytes } = await readModel(path)
        refuseOthers(path, card.task, self)
        await forTask<ModelCard, Promise<void>>(card, {
          classification: (own) => evaluateClassifier({ path, card: own, bytes }, flags),
          detection: (own) => evaluateDetectorOn({ path, card: own, bytes }, flags),
        })
      }
    })
}

function refuseOthers(path: string, task: TaskName, command: CommandUnknownOpts): void {
  for (const [name, { noun, flags }] of Object.entries(FOR_TASK)) {
    const given = flags.find((flag) => command.getOptionValueSource(flag) === 'cli')
    if (name === task || given === undefined) continue
    const flag = command.options.find((option) => option.attributeName() === given)!.long
    throw new UserError(`${path} is a ${FOR_TASK[task].noun}, and ${flag} is for ${noun}s; leave it out`)
  }
}
