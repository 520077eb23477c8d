/** The image formats that are decoded here. */
export const imageFormats = ['JPEG', 'PNG', 'WebP', 'GIF', 'AVIF'] as const
export type ImageFormat = (typeof imageFormats)[number]

/** The format by its signature; undefined for everything that is not decoded here, such as SVG and HEIC. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1')
  if (text(0, 3) === '\xff\xd8\xff') return 'JPEG'
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return 'PNG'
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'WebP'
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') return 'GIF'
  if (text(4, 8) === 'ftyp' && ['avif', 'avis'].includes(text(8, 12))) return 'AVIF'
  return undefined
}
