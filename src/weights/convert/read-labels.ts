/** Names of classes in a file. */
import { UserError } from '../../shared/errors.js'
import { readText } from '../../shared/files.js'
import { plural } from '../../shared/text.js'

/**
 * The labels in a file, one on each line.
 *
 * @throws UserError when there are not `classes` of them, or two are the same
 */
export async function readLabels(path: string, classes: number): Promise<string[]> {
  const text = await readText(path, `There is no file of labels ${path}`)
  const labels = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim())
  if (labels.length !== classes)
    throw new UserError(
      `${path} has ${plural(labels.length, 'line')}, but the network has ${plural(classes, 'class', 'classes')}; give one label on each line`,
    )
  const empty = labels.indexOf('')
  if (empty >= 0) throw new UserError(`${path}: line ${empty + 1} is empty; give one label on each line`)
  const twice = labels.findIndex((label, i) => labels.indexOf(label) < i)
  if (twice >= 0) throw new UserError(`${path}: "${labels[twice]}" stands there twice; labels must differ`)
  return labels
}
