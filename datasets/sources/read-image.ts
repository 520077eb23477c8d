import { open } from 'node:fs/promises'
import type { ImagePlace } from '../classification/image-source.js'

/**
 * The bytes of an image.
 *
 * @throws Error when its file ends before; the system's error when it cannot be read
 */
export async function readImage({ path, offset, bytes }: ImagePlace): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const length = bytes ?? (await file.stat()).size - offset
    const content = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(content, done, length - done, offset + done)
      if (bytesRead === 0) throw new Error('the file ends before the image does')
      done += bytesRead
    }
    return content
  } finally {
    await file.close()
  }
}

/** An image for sharp: the path where it is a file of its own, otherwise its bytes. */
export async function imageInput(place: ImagePlace): Promise<string | Buffer> {
  return place.offset === 0 && place.bytes === null ? place.path : readImage(place)
}
