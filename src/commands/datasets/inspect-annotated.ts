/** `toolkit datasets inspect` of a folder with annotations, or of a file of another format than COCO's. */
import { COCO } from '#coco-ts'
import { type FormatName, formatTitles, imagePath } from '../../../datasets/annotated/annotated-set.js'
import {
  type CocoInspection,
  checkImages,
  type ImageCheck,
  inspectLoaded,
} from '../../../datasets/detection/coco-inspect.js'
import { drawContactSheet } from '../../../datasets/detection/contact-sheet.js'
import { trainingNotes } from '../../../datasets/detection/training-notes.js'
import { findLeaks } from '../../../datasets/splitting/leaks.js'
import { writeFileAtomically } from '../../shared/files.js'
import { openPlace, withProgress } from '../shared/open-annotations.js'
import { describeInspection, leakNote } from './inspection-text.js'

export interface InspectAnnotatedFlags {
  images?: string
  format?: FormatName
  inputSize: number
  verify?: boolean
  draw?: string
  count: number
  json?: boolean
}

interface PartInspection {
  part: string
  inspection: CocoInspection
  /** What will hurt a detector. */
  training: string[]
  check: ImageCheck | undefined
}

/** Opens the annotations, and prints what they have. */
export async function inspectAnnotated(path: string, flags: InspectAnnotatedFlags): Promise<void> {
  const { images = path, format, inputSize, verify, draw, count, json } = flags
  const set = await openPlace({ images, annotations: path }, format)
  const loaded = set.parts.map(({ name, dataset }) => ({ name, coco: new COCO(dataset) }))
  const parts: PartInspection[] = []
  for (const { name, coco } of loaded) {
    const inspection = inspectLoaded(coco, name)
    const training = trainingNotes(coco, inputSize)
    const check = verify
      ? await withProgress(`${name}: images decoded`, (onProgress) =>
          checkImages(coco, set.root, name, { onProgress }),
        )
      : undefined
    parts.push({ part: name, inspection, training, check })
  }
  const pathsOf = (coco: COCO): string[] =>
    coco.dataset.images.map(({ file_name }) => imagePath(set, file_name!))
  const leaks =
    loaded.length < 2
      ? []
      : await withProgress('images compared', (onProgress) =>
          findLeaks(
            loaded.map(({ name, coco }) => ({ name, paths: pathsOf(coco) })),
            onProgress,
          ),
        )
  if (json) {
    const rows = parts.map(({ part, inspection, training, check }) => ({
      ...{ part, ...inspection, training, imageFiles: check?.faults ?? [] },
    }))
    console.log(
      JSON.stringify({ data: path, format: set.format, parts: rows, leaks, warnings: set.warnings }),
    )
  } else {
    const texts = parts.map(({ part, ...inspected }) =>
      describeInspection(`${path}: ${part} (${formatTitles[set.format]})`, inspected),
    )
    const notes = [...set.warnings, ...leaks.map(leakNote)].map((note) => `note: ${note}`)
    console.log([...texts, ...(notes.length > 0 ? [notes.join('\n')] : [])].join('\n\n'))
  }
  if (draw === undefined) return
  const [{ coco }] = loaded
  const source = ({ file_name }: { file_name?: string }): string => imagePath(set, file_name!)
  await writeFileAtomically(draw, await drawContactSheet(coco, { source, count }))
  if (!json) console.log(`\nDrawn: ${draw}`)
}
