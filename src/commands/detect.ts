import { readFile } from 'node:fs/promises'
import { Command } from '@commander-js/extra-typings'
import { detectionDefaults } from '../../serve/detections.js'
import { type Found, type OpenDetector, openDetector } from '../../serve/open-detector.js'
import { Problem } from '../../serve/problem.js'
import { UserError } from '../shared/errors.js'
import { fileError, writeFileAtomically } from '../shared/files.js'
import { plural } from '../shared/text.js'
import { imagesAt, picturePaths } from './detect-files.js'
import { type FlagsOf, number, wholeNumber } from './shared/flags.js'
import { interruptible } from './shared/interrupt.js'
import { json } from './shared/options.js'
import { say } from './shared/say.js'
import { textTable } from './shared/text-table.js'

const help = `
Reads JPEG, PNG, WebP, GIF and AVIF of any size; EXIF orientation is applied. For a folder, the images in it are read,
without those of its subfolders. Boxes are in pixels of the image: x and y of the upper left corner, width, height.

--draw writes a PNG for each image into a folder, with the size and the name of the image (photo-2.png for a second
photo of another folder). Existing pictures are replaced, but never the input images. Labels are written in a font of
the system; where there is none, as in minimal containers, install one (fonts-dejavu-core).

An image that cannot be read is reported on stderr and skipped; the exit code is then 1.

--json prints {"model", "images": [{"image", "width", "height", "detections", "picture"}]}, with {"categoryId", "label",
"score", "bbox": [x, y, width, height]} for each detection, and {"image", "error"} for an image that cannot be read.

Examples:
  $ toolkit detect photo.jpg --model detector.onnx
  $ toolkit detect photos *.png --model detector.onnx --draw out --min-score 0.5
  $ toolkit detect photo.jpg --model detector.onnx --json | jq '.images[0].detections'`

type Answer = { image: string } & ((Found & { picture?: string }) | { error: string })

/** The command with its flags. */
const detectFlags = () =>
  new Command('detect')
    .argument('<image...>', 'image files, or folders of them')
    .requiredOption('--model <detector.onnx>', 'a detector written by "toolkit export"')
    .option('--draw <folder>', 'write the images with boxes drawn on them into this folder')
    .option(
      '--min-score <score>',
      'leave out objects with a lower score, 0 to 1',
      number({ from: 0, to: 1 }),
      detectionDefaults.minScore,
    )
    .option(
      '--max <n>',
      'the n objects with the highest scores in an image',
      wholeNumber(1, 10_000),
      detectionDefaults.max,
    )
    .option(
      '--threads <n>',
      'threads that compute (default: one for each processor core)',
      wholeNumber(1, 1024),
    )
    .addOption(json)

type Flags = FlagsOf<typeof detectFlags>

/** `toolkit detect IMAGE… --model detector.onnx` */
export function detectCommand() {
  return detectFlags()
    .addHelpText('after', help)
    .action(async (paths, flags) => {
      const images = await imagesAt(paths)
      const detector = await openDetector(flags.model, { threads: flags.threads })
      const answers: Answer[] = []
      try {
        const pictures = flags.draw === undefined ? [] : await picturePaths(flags.draw, images)
        await interruptible(
          async (signal) => {
            for (let i = 0; i < images.length && !signal.aborted; i++) {
              const answer = await detectIn(detector, images[i], pictures[i], flags)
              answers.push(answer)
              if ('error' in answer) {
                if (images.length > 1) say(answer.error)
              } else if (!flags.json) console.log(describe(answer, flags.minScore))
            }
          },
          () => say('Stopping after the current image. Ctrl-C again exits immediately.'),
        )
      } finally {
        await detector.close()
      }
      if (flags.json) console.log(JSON.stringify({ model: detector.card.name, images: answers }))
      if (answers.length < images.length)
        say(`Stopped after ${answers.length} of ${plural(images.length, 'image')}.`)
      const errors = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []))
      if (errors.length > 0)
        throw new UserError(
          images.length > 1
            ? `${errors.length} of ${images.length} images could not be processed; see the errors above`
            : errors[0],
        )
    })
}

/** Detects in one image and draws the picture if one is wanted; or says why the image cannot be read. */
async function detectIn(
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
  // If one picture cannot be written, no other can: that ends the command.
  if (picture === undefined || drawn === undefined) return { image, ...found }
  await writeFileAtomically(picture, drawn)
  return { image, ...found, picture }
}

function describe(
  { image, width, height, detections, picture }: { image: string; picture?: string } & Found,
  minScore: number,
): string {
  const count = detections.length
  const objects = count === 0 ? 'nothing' : plural(count, 'object')
  const where = picture === undefined ? '' : `, drawn: ${picture}`
  const head = `${image}, ${width} × ${height}: ${objects} with a score of ${minScore} or more${where}`
  if (count === 0) return head
  const rows = detections.map(({ label, score, bbox }) => [
    label,
    score.toFixed(3),
    ...bbox.map((value) => String(Math.round(value))),
  ])
  const table = textTable([['label', 'score', 'x', 'y', 'width', 'height'], ...rows], 1)
  return [head, ...table.map((line) => `  ${line}`)].join('\n')
}
