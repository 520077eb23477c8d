import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { detectionDefaults } from '../../serve/detections.js'
import { type Found, type OpenDetector, openDetector } from '../../serve/open-detector.js'
import { Problem } from '../../serve/problem.js'
import { UserError } from '../shared/errors.js'
import { fileError, writeFileAtomically } from '../shared/files.js'
import { wholeNumber } from './datasets/numbers.js'
import { imagesAt, picturePaths } from './detect-files.js'
import { interruptible } from './shared/interrupt.js'
import { textTable } from './shared/text-table.js'

const help = `
Takes JPEG, PNG, WebP, GIF and AVIF of any size; EXIF orientation is applied. For a folder, the images in it are taken.
Boxes are in pixels of the image: x and y of the upper left corner, width, height.

--draw writes a PNG of each image into a folder, in the image's size and under its name (photo-2.png for a second
photo of another folder). Pictures that are there already are replaced, images that are looked at never are. Labels are written
in a font of the system; where it has none, as in bare containers, install one (fonts-dejavu-core).

An image that cannot be read is told on stderr and left out; the others are looked at, and the exit code is 1.

Examples:
  $ toolkit detect photo.jpg --model detector.onnx
  $ toolkit detect photos *.png --model detector.onnx --draw out --min-score 0.5
  $ toolkit detect photo.jpg --model detector.onnx --json | jq '.images[0].detections'`

interface Flags {
  model: string
  draw?: string
  minScore: number
  max: number
  threads?: number
  json?: boolean
}

type Answer = { image: string } & ((Found & { picture?: string }) | { error: string })

const share = (text: string): number => {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('Give a number from 0 to 1.')
}

/** `toolkit detect IMAGE… --model detector.onnx` */
export function detectCommand(): Command {
  return new Command('detect')
    .description('find objects in images with an exported detector')
    .argument('<image...>', 'image files, or folders of them')
    .requiredOption('--model <detector.onnx>', 'a detector written by "toolkit export"')
    .option('--draw <folder>', 'write the images with boxes drawn on them into this folder')
    .option('--min-score <score>', 'leave out what has a lower score', share, detectionDefaults.minScore)
    .option('--max <n>', 'objects in an image, the best', wholeNumber(1, 10_000), detectionDefaults.max)
    .option('--threads <n>', 'threads to compute with (default: all processors)', wholeNumber(1, 1024))
    .option('--json', 'print what was found as JSON')
    .addHelpText('after', help)
    .action(async (paths: string[], flags: Flags) => {
      const images = await imagesAt(paths)
      const detector = await openDetector(flags.model, { threads: flags.threads })
      const answers: Answer[] = []
      try {
        const pictures = flags.draw === undefined ? [] : await picturePaths(flags.draw, images)
        await interruptible(
          async (signal) => {
            for (let i = 0; i < images.length && !signal.aborted; i++) {
              const answer = await lookAt(detector, images[i], pictures[i], flags)
              answers.push(answer)
              if ('error' in answer) {
                if (images.length > 1) console.error(answer.error)
              } else if (!flags.json) console.log(describe(answer, flags.minScore))
            }
          },
          () => console.error('Stopping: the image in work is finished. Ctrl-C again leaves at once.'),
        )
      } finally {
        await detector.close()
      }
      if (flags.json) console.log(JSON.stringify({ model: detector.card.name, images: answers }))
      if (answers.length < images.length)
        console.error(`Stopped after ${answers.length} of ${images.length} images.`)
      const errors = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []))
      if (errors.length > 0)
        throw new UserError(
          images.length > 1
            ? `${errors.length} of ${images.length} images could not be looked at; the reasons stand above.`
            : errors[0],
        )
    })
}

/** What is found in an image, drawn where a picture is wanted; or why it cannot be looked at. */
async function lookAt(
  detector: OpenDetector,
  image: string,
  picture: string | undefined,
  { minScore, max }: Flags,
): Promise<Answer> {
  let found: Found
  let drawn: Buffer | undefined
  try {
    const bytes = await readFile(image).catch((error) => Promise.reject(fileError('read', image, error)))
    found = await detector.detect(bytes, { minScore, max })
    if (picture !== undefined) drawn = await detector.draw(bytes, found)
  } catch (error) {
    if (error instanceof Problem) return { image, error: `${image}: ${error.detail}` }
    if (error instanceof UserError) return { image, error: error.message }
    throw error
  }
  // Where one picture cannot be written no other could be: that ends the command.
  if (picture === undefined || drawn === undefined) return { image, ...found }
  await writeFileAtomically(picture, drawn)
  return { image, ...found, picture }
}

function describe(
  { image, width, height, detections, picture }: { image: string; picture?: string } & Found,
  minScore: number,
): string {
  const count = detections.length
  const objects = count === 0 ? 'nothing' : count === 1 ? '1 object' : `${count} objects`
  const where = picture === undefined ? '' : `, drawn: ${picture}`
  const head = `${image}, ${width} × ${height}: ${objects} with a score from ${minScore}${where}`
  if (count === 0) return head
  const rows = detections.map(({ label, score, bbox }) => [
    label,
    score.toFixed(3),
    ...bbox.map((value) => String(Math.round(value))),
  ])
  const table = textTable([['label', 'score', 'x', 'y', 'width', 'height'], ...rows], 1)
  return [head, ...table.map((line) => `  ${line}`)].join('\n')
}
