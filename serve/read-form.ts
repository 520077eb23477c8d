/** The parts of a `multipart/form-data` body: one image or several, and text fields as parameters. */
import type { IncomingHttpHeaders } from 'node:http'
import busboy from 'busboy'
import { ByteSink } from './byte-sink.js'
import { Problem } from './problem.js'

/** In bytes. */
const maxField = 1024
/** Text fields beside the images. */
const maxFields = 15

export interface FormLimits {
  /** Bytes of one image. A larger one is read to one byte more, which shows that it is too large. */
  maxBytes: number
  maxImages: number
}

export interface Form {
  images: Uint8Array[]
  /** The form has the file fields `images`, not the one `image`. */
  several: boolean
  /** The text fields, in their order. */
  fields: [name: string, value: string][]
}

/**
 * Reads a form with one file field `image`, or up to `maxImages` file fields `images`.
 *
 * @param receive Calls back with each piece of the body; resolves when it ends.
 * @param expected Bytes of the first image, as far as they are known: for memory.
 * @throws Problem 400 for a form that is malformed, or has other files
 */
export async function readForm(
  headers: IncomingHttpHeaders,
  receive: (onPiece: (piece: Uint8Array) => void) => Promise<void>,
  expected: number,
  limits: FormLimits,
): Promise<Form> {
  const fields: Form['fields'] = []
  const otherFiles: string[] = []
  const sinks: Record<'image' | 'images', ByteSink[]> = { image: [], images: [] }
  const form = parser(headers, limits)
  const parsed = new Promise<void>((resolve, reject) => {
    form.on('file', (name, file) => {
      // A truncated form destroys the file stream too; the error of the form is the one to report.
      file.on('error', () => {})
      if (name !== 'image' && name !== 'images') {
        otherFiles.push(name)
        file.resume()
        return
      }
      const isFirst = sinks.image.length + sinks.images.length === 0
      const sink = new ByteSink(isFirst ? expected : 0)
      sinks[name].push(sink)
      file.on('data', (piece: Uint8Array) => sink.add(piece))
    })
    form.on('field', (name, value, { nameTruncated, valueTruncated }) => {
      if (nameTruncated || valueTruncated)
        reject(new Problem(400, `The form field "${name.slice(0, 40)}" is too long.`))
      fields.push([name, value])
    })
    const tooMany = () =>
      reject(
        new Problem(
          400,
          `The form has too many parts; send at most ${limits.maxImages} images, and their parameters alone.`,
        ),
      )
    form.on('fieldsLimit', tooMany).on('filesLimit', tooMany)
    form.on('error', (error: Error) => reject(malformed(error)))
    form.on('close', resolve)
  })
  try {
    await Promise.all([receive((piece) => form.write(piece)).then(() => form.end()), parsed])
  } catch (error) {
    form.destroy()
    throw error
  }
  const { image, images } = sinks
  if (image.length + images.length === 0) throw noImage(otherFiles, fields)
  if (image.length > 1)
    throw new Problem(400, `The form has ${image.length} files "image"; send several as "images".`)
  if (image.length > 0 && images.length > 0)
    throw new Problem(400, 'The form has files "image" and "images"; send all of them as "images".')
  if (otherFiles.length > 0)
    throw new Problem(400, `The form has the file "${otherFiles[0]}" beside "image"; send images alone.`)
  return { images: [...image, ...images].map((sink) => sink.bytes()), several: images.length > 0, fields }
}

function parser(headers: IncomingHttpHeaders, { maxBytes, maxImages }: FormLimits): busboy.Busboy {
  try {
    // busboy truncates a file at its limit.
    const limits = { fileSize: maxBytes + 1, fieldSize: maxField, fields: maxFields, files: maxImages }
    return busboy({ headers, limits })
  } catch (error) {
    throw malformed(error as Error)
  }
}

function malformed(error: Error): Problem {
  return new Problem(400, `The form cannot be read: ${error.message}.`)
}

function noImage(files: string[], fields: [name: string, value: string][]): Problem {
  const others = [
    ...files.map((name) => `file "${name}"`),
    ...fields.map(([name]) => `text field "${name}"`),
  ].join(', ')
  return new Problem(
    400,
    `The form has no file field "image"${others === '' ? '' : ` (it has: ${others})`}; ` +
      'send it as curl does with -F image=@photo.jpg, several with -F images=@a.jpg -F images=@b.jpg.',
  )
}
