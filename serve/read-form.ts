/** The parts of a `multipart/form-data` body: one image, and text fields as parameters. */
import type { IncomingHttpHeaders } from 'node:http'
import busboy from 'busboy'
import type { ByteSink } from './byte-sink.js'
import { Problem } from './problem.js'

/** In bytes. */
const maxField = 1024
const maxParts = 16

/**
 * Reads a form, and writes its file field `image` to `sink` (up to one byte more than `maxBytes`).
 *
 * @param receive Calls back with each piece of the body; resolves when it ends.
 * @returns the text fields, in their order
 * @throws Problem 400 for a form that is malformed, or has not exactly one file, named "image"
 */
export async function readForm(
  headers: IncomingHttpHeaders,
  receive: (onPiece: (piece: Uint8Array) => void) => Promise<void>,
  sink: ByteSink,
  maxBytes: number,
): Promise<[name: string, value: string][]> {
  const fields: [name: string, value: string][] = []
  const otherFiles: string[] = []
  let images = 0
  const form = parser(headers, maxBytes)
  const parsed = new Promise<void>((resolve, reject) => {
    form.on('file', (name, file) => {
      // A truncated form destroys the file stream too; the error of the form is the one to report.
      file.on('error', () => {})
      if (name !== 'image') otherFiles.push(name)
      else images++
      if (name === 'image' && images === 1) file.on('data', (piece: Uint8Array) => sink.add(piece))
      else file.resume()
    })
    form.on('field', (name, value, { nameTruncated, valueTruncated }) => {
      if (nameTruncated || valueTruncated)
        reject(new Problem(400, `The form field "${name.slice(0, 40)}" is too long.`))
      fields.push([name, value])
    })
    form.on('partsLimit', () =>
      reject(new Problem(400, 'The form has too many parts; send the image and its parameters alone.')),
    )
    form.on('error', (error: Error) => reject(malformed(error)))
    form.on('close', resolve)
  })
  try {
    await Promise.all([receive((piece) => form.write(piece)).then(() => form.end()), parsed])
  } catch (error) {
    form.destroy()
    throw error
  }
  if (images === 0) throw noImage(otherFiles, fields)
  if (images > 1) throw new Problem(400, `The form has ${images} files "image"; send one at a time.`)
  if (otherFiles.length > 0)
    throw new Problem(400, `The form has the file "${otherFiles[0]}" beside "image"; send the image alone.`)
  return fields
}

function parser(headers: IncomingHttpHeaders, maxBytes: number): busboy.Busboy {
  try {
    // busboy truncates a file at its limit; one byte more shows that the file is too large.
    const limits = { fileSize: maxBytes + 1, fieldSize: maxField, parts: maxParts }
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
      'send it as curl does with -F image=@photo.jpg.',
  )
}
