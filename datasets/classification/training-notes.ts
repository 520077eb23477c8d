/** What will hurt a classifier that is trained on images, before it is trained. */
import { grouped } from '../../src/shared/text.js'
import { listed } from '../files/left-out.js'

/** With fewer images a class is hardly learnt. */
const FEW_IMAGES = 20
/** How many times as many images the largest class has as the smallest, so that a note is worth it. */
const UNBALANCED = 10

/**
 * Notes, in a sentence each.
 *
 * @param perClass training images of each class, in the order of the classes
 */
export function classTrainingNotes(classes: readonly string[], perClass: readonly number[]): string[] {
  if (classes.length < 2)
    return [
      `all images are of one class, ${classes[0]}; a classifier needs two or more, each a folder of its images`,
    ]
  return [...fewImages(classes, perClass), ...unbalanced(classes, perClass)]
}

function fewImages(classes: readonly string[], perClass: readonly number[]): string[] {
  const few = classes
    .map((name, i) => ({ name, count: perClass[i] }))
    .filter(({ count }) => count < FEW_IMAGES)
    .sort((a, b) => a.count - b.count)
  if (few.length === 0) return []
  return [
    `${few.length === 1 ? '1 class has' : `${few.length} classes have`} fewer than ${FEW_IMAGES} images to train on ` +
      `(${listed(few.map(({ name, count }) => `${name} ${count}`))}): a classifier hardly learns them from random weights; ` +
      'add images, or begin with trained weights (toolkit train-backbone --init)',
  ]
}

function unbalanced(classes: readonly string[], perClass: readonly number[]): string[] {
  const [least, most] = [Math.min(...perClass), Math.max(...perClass)]
  if (least === 0 || most < UNBALANCED * least) return []
  const [small, large] = [least, most].map((count) => classes[perClass.indexOf(count)])
  return [
    `${large} has ${grouped(Math.floor(most / least))} times as many images as ${small}: a classifier favours large classes; ` +
      'weigh them with toolkit train-backbone --balance',
  ]
}
